import { runCommand } from './cli/commands.js';
import { endOnSignals } from './cli/shutdown.js';

endOnSignals();
process.exitCode = await runCommand(['serve']);
