import { once } from 'node:events';
import { connect } from 'node:net';

interface PipelinedAnswer {
  status: number;
  /** Of the response; null without the header. */
  retryAfter: string | null;
  /** By which a response can be told from others. */
  body: string;
}

/** Sends requests on one connection without waiting for responses. Returns the responses in the order of their arrival. */
export async function pipeline(origin: string, requests: readonly string[]): Promise<PipelinedAnswer[]> {
  const { hostname, port } = new URL(origin);
  const socket = connect(Number(port), hostname);
  const received: Buffer[] = [];
  socket.on('data', (data: Buffer) => received.push(data));
  const closed = once(socket, 'close');
  socket.write(requests.join(''));
  await closed;
  return parse(Buffer.concat(received).toString());
}

function parse(text: string): PipelinedAnswer[] {
  const answers: PipelinedAnswer[] = [];
  for (let start = 0; start < text.length;) {
    const end = text.indexOf('\r\n\r\n', start);
    const head = text.slice(start, end);
    const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1]);
    const body = text.slice(end + 4, end + 4 + length);
    answers.push({
      status: Number(head.split(' ')[1]),
      retryAfter: /^retry-after: (\d+)$/im.exec(head)?.[1] ?? null,
      body,
    });
    start = end + 4 + length;
  }
  return answers;
}
