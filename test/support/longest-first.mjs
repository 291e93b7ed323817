import Sequencer from '@jest/test-sequencer';

/** Seconds that the long files take, roughly, on two idle cores; any other takes about two. */
const SECONDS = {
  'test/faults/one-database': 35,
  'test/database/embedded-postgres': 30,
  'test/cli/command-line': 25,
  'test/cli/keys': 20,
  'test/access-token/revocation.busy': 18,
  'test/faults/failover': 15,
  'test/faults/uses': 14,
  'test/cli/workers': 12,
  'test/permission/foreign-ids': 10,
  'test/http/property': 10,
  'test/bootstrap/bootstrap': 10,
  'test/revocation-feed/follow-revocations': 9,
  'test/restore/real-restores': 9,
  'test/permission/matrix': 8,
};
const USUAL_SECONDS = 2;

const nameOf = ({ path, context }) =>
  path
    .slice(context.config.rootDir.length + 1)
    .replace(/\.(e2e-)?spec\.ts$/, '')
    .replaceAll('\\', '/');

/**
 * Jest starts the files first that took longest the last time, so that none is left for the end, where one worker would
 * run alone. A fresh clone has no last time: there it goes by what the long files take.
 */
export default class LongestFirst extends Sequencer {
  time(test) {
    return super.time(test) ?? (SECONDS[nameOf(test)] ?? USUAL_SECONDS) * 1000;
  }
}
