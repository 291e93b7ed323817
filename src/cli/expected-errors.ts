import { UnsealError } from '../access-token/key-sealer.js';
import { AppError } from '../common/errors/app-error.js';
import { InvalidEnvironmentError } from '../config/app-config.js';
import { DatabaseUnusableError } from '../database/wait-for-database.js';
import { ManagementPortTakenError } from '../health/management-server.js';

const EXPECTED = [UnsealError, InvalidEnvironmentError, DatabaseUnusableError, ManagementPortTakenError, AppError];

/** Whether an error's message is meant for the operator as it is; of any other, the stack says more. */
export const isExpected = (error: Error): boolean =>
  EXPECTED.some((known) => error instanceof known) || error.name === 'EmbeddedPostgresError';
