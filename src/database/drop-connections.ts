import type { ClientBase } from 'pg';
import type { DataSource } from 'typeorm';
import type { ConnectionPool } from './connection-pool.js';
import { poolOf } from './pool.js';

/** Looks at a new connection before anybody may use it, and says when it is done. */
type Look = (client: ClientBase, done: (error?: Error) => void) => void;

/** The part of a pool that its type does not tell of. */
type LookingPool = ConnectionPool & { options: { verify: Look } };

/** From here on, nobody gets a new connection before it was greeted. */
export function greetConnections(dataSource: DataSource, greet: (client: ClientBase) => Promise<void>): void {
  const { options } = poolOf(dataSource) as LookingPool;
  const { verify } = options;
  options.verify = (client, done) =>
    verify(client, (error) => {
      if (error) done(error);
      else greet(client).then(() => done(), done);
    });
}

/** Ends the connections to a server that another one has taken over from; requests that use one fail. */
export function dropConnections(dataSource: DataSource): void {
  poolOf(dataSource).dropAll();
}
