import type { RequestContext } from '../common/http/request-context.js';
import { newReqId } from '../common/random-id.js';

/** What stands in the audit log where the service acted by itself. */
export const serviceContext = (now: Date): RequestContext => ({
  reqId: newReqId(),
  address: null,
  peer: null,
  userAgent: 'token-auth service',
  now,
});
