import { BadRequestError, NotFoundError } from '../common/errors/app-error.js';

/** The identity has Token Auth already. */
export class TokenAuthAttachedError extends BadRequestError {
  constructor() {
    super('Token Auth is already attached to this identity');
  }
}

/** The identity has no Token Auth, and the operation needs it. */
export class TokenAuthNotAttachedError extends BadRequestError {
  constructor() {
    super('Token Auth is not attached to this identity');
  }
}

/** The identity has no Token Auth to be read. */
export class TokenAuthNotFoundError extends NotFoundError {
  constructor() {
    super('Token Auth is not attached to this identity');
  }
}

/** Unknown, another organization's, or another identity's. */
export class TokenNotFoundError extends NotFoundError {
  constructor() {
    super('Access token not found');
  }
}
