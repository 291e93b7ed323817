type Claims = Record<string, unknown>;

const part = (text: string, index: number): Claims =>
  JSON.parse(Buffer.from(text.split('.')[index] ?? '', 'base64url').toString()) as Claims;

export const headerOf = (token: string): Claims => part(token, 0);
export const decodeJwt = (token: string): Claims => part(token, 1);
