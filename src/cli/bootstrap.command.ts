import { BootstrapService } from '../bootstrap/bootstrap.service.js';
import { operatorContext } from './operator-context.js';
import { runWithApp } from './run-with-app.js';

/**
 * Sets up an empty instance, or gives an administrator to one that has lost its own. Whoever can run it has the
 * database and the keys; the act is in the audit log. The token goes to standard output and nowhere else.
 */
export async function bootstrapCommand({ recover = false, organization = 'My Organization' }): Promise<void> {
  await runWithApp('warn', async (app) => {
    const bootstrap = app.get(BootstrapService);
    const context = operatorContext();
    const admin = recover ? await bootstrap.recover(context) : await bootstrap.bootstrap(organization, context);
    process.stderr.write(`Organization ${admin.organization.id}, admin identity ${admin.identity.id}; its token:\n`);
    process.stdout.write(`${admin.token}\n`);
  });
}
