import { UnsealError } from '../access-token/signing-key/key-sealer.js';
import { AppError } from '../common/errors/app-error.js';
import { PortError } from '../common/errors/port-error.js';
import { TlsError } from '../common/http/tls.js';
import { InvalidEnvironmentError } from '../config/app-config.js';
import { DatabaseUnusableError } from '../database/wait-for-database.js';

const EXPECTED = [UnsealError, InvalidEnvironmentError, DatabaseUnusableError, PortError, TlsError, AppError];

/** Whether an error's message is meant for the operator as it is; of any other, the stack says more. */
export const isExpected = (error: Error): boolean =>
  EXPECTED.some((known) => error instanceof known) || error.name === 'EmbeddedPostgresError';
