import { BootstrapService } from '../bootstrap/bootstrap.service.js';
import { operatorContext } from './operator-context.js';
import { runWithApp } from './run-with-app.js';
import { answer, type OutputOptions, type Terminal } from './terminal.js';

export interface BootstrapOptions extends OutputOptions {
  organization: string;
  recover?: boolean;
}

/**
 * Sets up an empty instance, or gives an administrator to one that has lost its own. Whoever can run it has the
 * database and the keys; the act is in the audit log. The token goes to standard output and nowhere else.
 */
export async function bootstrap(terminal: Terminal, options: BootstrapOptions): Promise<void> {
  await runWithApp('warn', async (app) => {
    const service = app.get(BootstrapService);
    const context = operatorContext();
    const { organization, identity, token } = options.recover
      ? await service.recover(context)
      : await service.bootstrap(options.organization, context);
    if (!options.json) terminal.err(`Organization ${organization.id}, admin identity ${identity.id}; its token:\n`);
    answer(terminal, options, { organizationId: organization.id, identityId: identity.id, accessToken: token }, token);
  });
}
