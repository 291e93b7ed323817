import type { ServiceOptions } from './service-client.js';
import type { OutputOptions } from './terminal.js';

/** What every command takes that talks to a service and answers for scripts as well as for people. */
export interface CallOptions extends ServiceOptions, OutputOptions {}
