import Sequencer from '@jest/test-sequencer';

/** Seconds that the long files take, roughly, on two idle cores; any other takes about two. */
const SECONDS = {
  'test/database/embedded-postgres': 50,
  'test/cli/keys': 40,
  'test/faults/one-database': 35,
  'test/cli/command-line': 25,
  'test/permission/matrix': 18,
  'test/http/property': 17,
  'test/faults/failover': 16,
  'test/faults/uses': 13,
  'test/bootstrap/bootstrap': 10,
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
