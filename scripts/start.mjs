// Builds what is stale, then runs the service in this process, so that signals reach it.
import { buildIfStale, main } from './build-if-stale.mjs';

buildIfStale();
await import(main);
