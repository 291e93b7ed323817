import type { CallHandler } from '@nestjs/common';
import { catchError, from, type Observable, switchMap, throwError } from 'rxjs';

/** Has something done before the failure of a route goes on its way. What this throws goes in its place. */
export function beforeFailure(next: CallHandler, act: (error: unknown) => Promise<void>): Observable<unknown> {
  return next
    .handle()
    .pipe(catchError((error: unknown) => from(act(error)).pipe(switchMap(() => throwError(() => error)))));
}
