import type { AppConfig } from '../../config/app-config.js';
import { fault, type Finding, ok, warning } from './finding.js';
import type { ServerFacts } from './server-facts.js';

const OLDEST_VERSION = 14;

/** Connections that the service holds beside its pool: the log's reader, retention, a command or two. */
const BESIDE_POOL = 5;

const CLOCK_WARNING_MS = 2000;
const CLOCK_FAULT_MS = 60_000;

/** What the server's own words say. */
export const serverChecks = (facts: ServerFacts, config: Pick<AppConfig, 'DATABASE_POOL_SIZE'>): Finding[] => [
  serverFinding(facts),
  ...durabilityFindings(facts),
  standbyFinding(facts),
  clockFinding(facts),
  connectionsFinding(facts, config),
];

function serverFinding({ versionNumber, version, isStandby }: ServerFacts): Finding {
  const check = 'server';
  if (versionNumber < OLDEST_VERSION * 10_000)
    return fault(check, `PostgreSQL ${version}`, `Upgrade: PostgreSQL ${OLDEST_VERSION} or later is needed`);
  if (isStandby) return fault(check, `PostgreSQL ${version}, in recovery`, 'DATABASE_URL must name the primary');
  return ok(check, `PostgreSQL ${version}, the primary`);
}

/** What got an answer must survive a crash of the server. */
function durabilityFindings({ fsync, fullPageWrites, synchronousCommit }: ServerFacts): Finding[] {
  const lost = 'revoked tokens may live again after a crash';
  return [
    fsync === 'on' ? ok('fsync', 'on') : fault('fsync', `${fsync}: ${lost}`, 'Set fsync = on in postgresql.conf'),
    fullPageWrites === 'on'
      ? ok('full_page_writes', 'on')
      : fault('full_page_writes', `${fullPageWrites}: ${lost}`, 'Set full_page_writes = on in postgresql.conf'),
    synchronousCommit === 'off'
      ? fault(
          'synchronous_commit',
          `off: ${lost}`,
          'Set synchronous_commit = on for the server, the database and the role',
        )
      : ok('synchronous_commit', synchronousCommit),
  ];
}

/** And the loss of the server, where a standby may take over. */
function standbyFinding({ synchronousCommit, synchronousStandbyNames, standbys }: ServerFacts): Finding {
  const check = 'synchronous_standby_names';
  if (synchronousStandbyNames === '') {
    const message = `empty, and ${standbys === 0 ? 'no standby follows' : `${standbys} following`}: what was revoked last is lost with the server`;
    return warning(check, message, "Where a standby may be promoted, set synchronous_standby_names = 'ANY 1 (…)'");
  }
  const remedy = 'Set synchronous_commit = on: only then a standby has flushed what is acknowledged';
  if (synchronousCommit === 'local') return fault(check, 'set, but synchronous_commit = local waits for none', remedy);
  if (synchronousCommit === 'remote_write')
    return warning(check, 'set, but synchronous_commit = remote_write waits for no flush', remedy);
  return ok(check, synchronousStandbyNames);
}

/** The service goes by the database's clock, and those who verify its tokens by their own. */
function clockFinding({ clockAheadMs }: ServerFacts): Finding {
  const apart = Math.abs(clockAheadMs);
  if (apart < CLOCK_WARNING_MS) return ok('clock', 'that of this host and that of the database agree');
  const side = clockAheadMs > 0 ? 'ahead of' : 'behind';
  const message = `this host is ${(apart / 1000).toFixed(1)} s ${side} the database, whose clock decides`;
  return (apart < CLOCK_FAULT_MS ? warning : fault)('clock', message, 'Let NTP set the clocks of both');
}

function connectionsFinding(
  { maxConnections }: ServerFacts,
  { DATABASE_POOL_SIZE: poolSize }: Pick<AppConfig, 'DATABASE_POOL_SIZE'>,
): Finding {
  const replicas = Math.floor(maxConnections / (poolSize + BESIDE_POOL));
  const message = `max_connections = ${maxConnections}, room for ${replicas} ${replicas === 1 ? 'replica' : 'replicas'} of DATABASE_POOL_SIZE = ${poolSize}`;
  if (replicas >= 2) return ok('connections', message);
  return warning(
    'connections',
    message,
    'Raise max_connections or lower DATABASE_POOL_SIZE: a rollout runs two at once',
  );
}
