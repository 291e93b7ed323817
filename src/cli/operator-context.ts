import { newReqId } from '../common/random-id.js';
import type { RequestContext } from '../common/http/request-context.js';

/** What stands in the audit log where an act came from the command line and not from a request. */
export const operatorContext = (): RequestContext => ({
  reqId: newReqId(),
  address: null,
  peer: null,
  userAgent: 'token-auth command line',
  now: new Date(),
});
