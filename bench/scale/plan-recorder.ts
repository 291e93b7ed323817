// Loaded before the service: writes down the plans that PostgreSQL's auto_explain tells of the service's own statements.
import { appendFileSync } from 'node:fs';
import pg from 'pg';

const file = process.env.PLANS_FILE ?? '';

type Connect = (this: pg.Client, ...rest: unknown[]) => unknown;

const prototype = pg.Client.prototype as unknown as { connect: Connect };
const connect = prototype.connect;
prototype.connect = function (this: pg.Client, ...rest) {
  this.on('notice', ({ message = '' }) => {
    const plan = message.indexOf('{');
    if (message.includes('plan:') && plan >= 0) appendFileSync(file, `${JSON.stringify(message.slice(plan))}\n`);
  });
  return connect.apply(this, rest);
};
