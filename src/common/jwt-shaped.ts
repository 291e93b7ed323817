/** Three parts between dots, of which the last may be empty: a token, or what could be one. */
export const JWT_SHAPED = /[\w-]{4,}\.[\w-]{4,}\.[\w-]*/g;
