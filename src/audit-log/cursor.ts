import { isUuid } from '../common/uuid.js';

/** Where a page ended. */
export interface Position {
  createdAt: Date;
  id: string;
}

/** The text that a caller sends back to go on from a position. */
export const cursorOf = ({ createdAt, id }: Position): string =>
  Buffer.from(`${createdAt.getTime()} ${id}`).toString('base64url');

/** The position that a cursor stands for; null when it is none of ours. */
export function parseCursor(cursor: string): Position | null {
  const [time = '', id = ''] = Buffer.from(cursor, 'base64url').toString().split(' ');
  if (!/^\d{1,14}$/.test(time) || !isUuid(id)) return null;
  const position = { createdAt: new Date(Number(time)), id };
  return cursorOf(position) === cursor ? position : null;
}
