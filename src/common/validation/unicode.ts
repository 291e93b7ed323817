/** Whether PostgreSQL can store the text and JSON can carry it: no NUL, no lone surrogate. */
export const isStorableText = (text: string): boolean => !text.includes('\0') && text.isWellFormed();
