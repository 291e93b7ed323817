// Loaded into a service process before anything else. On SIGUSR2, the process's wall clock is moved by as many
// milliseconds as the file named in WALL_CLOCK_FILE says; "<file>.applied" then says the same.
import { readFileSync, writeFileSync } from 'node:fs';

const file = process.env.WALL_CLOCK_FILE;
const RealDate = Date;
const realNow = RealDate.now;
let offset = 0;

RealDate.now = () => realNow() + offset;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [target.now()] : args, newTarget),
  apply: (target) => new target(target.now()).toString(),
});

process.on('SIGUSR2', () => {
  const text = readFileSync(file, 'utf8');
  offset = Number(text);
  writeFileSync(`${file}.applied`, text);
});
