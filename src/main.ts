import { runCommand } from './cli/commands.js';

process.exitCode = await runCommand(['serve']);
