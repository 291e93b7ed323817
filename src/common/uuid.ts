const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whether PostgreSQL would take the text as a uuid in its usual form. A path id that is none is an unknown id. */
export const isUuid = (text: string): boolean => UUID.test(text);
