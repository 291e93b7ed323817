import { newReqId } from '../random-id.js';

/** Where a request came from and when: what the audit log and the allow-list need of it. */
export interface RequestContext {
  /** `req-` and 14 letters or digits, made by the server. */
  readonly reqId: string;
  /** The client's address, IPv4-mapped IPv6 as IPv4; null when a trusted proxy sent junk about it. */
  readonly address: string | null;
  /** The other end of the connection, which may be a proxy; null when the request came over none. */
  readonly peer: string | null;
  readonly userAgent: string | null;
  /** The one reading of the clock that the whole request is judged by. */
  readonly now: Date;
}

/** What stands in for a request where an act came from none; `agent` says in the audit log what it came from. */
export const contextOfAct = (agent: string, now: Date): RequestContext => ({
  reqId: newReqId(),
  address: null,
  peer: null,
  userAgent: agent,
  now,
});
