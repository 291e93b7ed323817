import { contextOfAct, type RequestContext } from '../common/http/request-context.js';

/** What stands in the audit log where the service acted by itself. */
export const serviceContext = (now: Date): RequestContext => contextOfAct('token-auth service', now);
