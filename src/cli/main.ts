#!/usr/bin/env node
import { runCommand } from './commands.js';
import { endOnSignals } from './shutdown.js';

endOnSignals();
process.exitCode = await runCommand(process.argv.slice(2));
