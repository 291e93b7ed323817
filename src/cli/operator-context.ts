import { contextOfAct, type RequestContext } from '../common/http/request-context.js';

/** What stands in the audit log where an act came from the command line and not from a request. */
export const operatorContext = (): RequestContext => contextOfAct('token-auth command line', new Date());
