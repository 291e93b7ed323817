// A route with nothing behind it: what HTTP, JSON and Fastify cost by themselves.
import { fastify } from 'fastify';

const server = fastify();
server.get('/', () => ({ ok: true }));
server.post('/', () => ({ active: true }));
await server.listen({ port: Number(process.argv[2]), host: '127.0.0.1' });
