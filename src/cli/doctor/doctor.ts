import { createCommandLogger } from '../../common/logger.js';
import { AppConfig, InvalidEnvironmentError } from '../../config/app-config.js';
import { Backing } from '../../config/backing.js';
import { parseKeyEncryptionKey } from '../../config/key-encryption-keys.js';
import { openBacking } from '../backing.js';
import { aligned, table } from '../table.js';
import { answer, type OutputOptions, type Terminal } from '../terminal.js';
import { CommandError } from '../usage-error.js';
import { examine } from './examination.js';
import { fault, type Finding, ok } from './finding.js';
import { tlsFindings } from './tls-check.js';

/** Looks at everything that an instance rests on, and says what to mend. Changes nothing; fails on a fault. */
export async function doctor(terminal: Terminal, options: OutputOptions): Promise<void> {
  const findings = await findingsOf(terminal.env);
  const count = (level: string): number => findings.filter((finding) => finding.level === level).length;
  const [faults, warnings] = [count('fault'), count('warning')];
  answer(terminal, options, { faults, warnings, findings }, textOf(findings));
  if (faults > 0) throw new CommandError(`${faults} ${faults === 1 ? 'fault' : 'faults'}, ${warnings} warnings`);
}

async function findingsOf(env?: NodeJS.ProcessEnv): Promise<Finding[]> {
  try {
    const config = AppConfig.load(env);
    const tls = tlsFindings(config.tlsFiles, new Date());
    return [ok('configuration', 'valid'), ...tls, ...(await examineBacking(config))];
  } catch (error) {
    if (error instanceof InvalidEnvironmentError)
      return [
        fault('configuration', error.message.replaceAll(/\n */g, ' '), 'See docs/configuration.md for all variables'),
      ];
    throw error;
  }
}

/** A database of one's own is not waited for: that it is down is what is to be told. */
async function examineBacking(config: AppConfig): Promise<Finding[]> {
  const { DATABASE_URL: url, KEY_ENCRYPTION_KEYS: texts } = config;
  if (url !== undefined) {
    const keys = texts.map(parseKeyEncryptionKey).filter((key) => key !== null);
    return examine(config, new Backing(url, keys));
  }
  const { backing, close } = await openBacking(config, createCommandLogger('silent'));
  try {
    return await examine(config, backing);
  } finally {
    await close();
  }
}

function textOf(findings: readonly Finding[]): string {
  const list = table(
    ['', 'CHECK', 'FOUND'],
    findings.map(({ level, check, message }) => [level, check, message]),
  );
  const remedies = findings.flatMap(({ level, check, remedy }) =>
    remedy === undefined ? [] : [[level, check, remedy]],
  );
  return remedies.length === 0 ? list : `${list}\n\nTo mend:\n${aligned(remedies)}`;
}
