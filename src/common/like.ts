/** A pattern for LIKE that finds the text anywhere; what LIKE takes for a sign is taken literally. */
export const containing = (text: string): string => `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
