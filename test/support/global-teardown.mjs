import { rm } from 'node:fs/promises';

export default async function globalTeardown() {
  const { postgres, scratch } = globalThis.testPostgres;
  await postgres.stop();
  await rm(scratch, { recursive: true, force: true });
}
