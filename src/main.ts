import { runCommand } from './cli/commands.js';

await runCommand(['serve']);
