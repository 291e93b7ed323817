#!/usr/bin/env node
import { runCommand } from './commands.js';
import { endOnSignals } from './shutdown.js';
import { endWithReader } from './terminal.js';

endOnSignals();
endWithReader();
process.exitCode = await runCommand(process.argv.slice(2));
