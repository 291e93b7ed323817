import type { ValueTransformer } from 'typeorm';

/** PostgreSQL's bigint as a number: sequences here stay far below 2^53. */
export const bigint: ValueTransformer = {
  from: (value: string | null) => (value === null ? null : Number(value)),
  to: (value: unknown) => value,
};
