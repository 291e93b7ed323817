export interface ServerEvent {
  event: string;
  id?: string;
  // eslint-disable-next-line typescript/no-explicit-any
  data: any;
}

/** Reads a stream of server-sent events, as a follower of revocations does. */
export class EventStream {
  private readonly events: ServerEvent[] = [];
  private text = '';

  private constructor(
    readonly status: number,
    readonly headers: Headers,
    private readonly reader: ReadableStreamDefaultReader<Uint8Array>,
  ) {}

  static async open(url: string, token: string, headers: Record<string, string> = {}): Promise<EventStream> {
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}`, ...headers } });
    if (!response.body) throw new Error(`${url} answered ${response.status} without a body`);
    return new EventStream(response.status, response.headers, response.body.getReader());
  }

  /** The next event; null when the stream has ended. */
  async next(): Promise<ServerEvent | null> {
    for (;;) {
      const event = this.events.shift();
      if (event) return event;
      const { done, value } = await this.reader.read();
      if (done) return null;
      this.text += Buffer.from(value).toString();
      const parts = this.text.split('\n\n');
      this.text = parts.pop() ?? '';
      this.events.push(...parts.filter((part) => part.startsWith('event:')).map(parse));
    }
  }

  /** All events up to and including the first that is meant. */
  async until(isMeant: (event: ServerEvent) => boolean): Promise<ServerEvent[]> {
    const events: ServerEvent[] = [];
    for (;;) {
      const event = await this.next();
      if (!event) throw new Error(`the stream ended after ${JSON.stringify(events)}`);
      events.push(event);
      if (isMeant(event)) return events;
    }
  }

  /** Resolves when the stream has been ended from the other side. */
  async ended(): Promise<void> {
    while (await this.next());
  }

  close(): Promise<void> {
    return this.reader.cancel();
  }
}

function parse(text: string): ServerEvent {
  const fields = new Map(text.split('\n').map((line) => [line.split(': ', 1)[0], line.slice(line.indexOf(': ') + 2)]));
  return { event: fields.get('event') ?? '', id: fields.get('id'), data: JSON.parse(fields.get('data') ?? 'null') };
}
