import { ExecutionContextHost } from '@nestjs/core/internal';

/** Nest's context of a request. Nest's own makes three functions anew for each; here they are methods. */
export class HotContext extends ExecutionContextHost {
  override switchToHttp(): this {
    return this;
  }

  // The caller says what it takes them for, as it does with Nest's own.
  getRequest(): never {
    return this.getArgByIndex(0) as never;
  }

  getResponse(): never {
    return this.getArgByIndex(1) as never;
  }

  getNext(): never {
    return this.getArgByIndex(2) as never;
  }
}
