/** The order of the curve P-256 (SEC 2, section 2.4.2). */
const ORDER = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');

/** Half of the order, rounded down. */
const MAX_LOW_S = Buffer.from('7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8', 'hex');

/** Bytes of each of the two integers R and S of an ES256 signature. */
const SIZE = 32;

/**
 * Returns true if S of an ES256 signature (R and S, RFC 7518, section 3.4) is at most half of the order. ECDSA accepts
 * (R, S) and (R, order − S) for the same message, and exactly one of them has a low S.
 */
export const hasLowS = (signature: Buffer): boolean => signature.compare(MAX_LOW_S, 0, SIZE, SIZE, 2 * SIZE) <= 0;

/** Replaces a high S by order − S, in place. */
export function normalizeS(signature: Buffer): Buffer {
  if (hasLowS(signature)) return signature;
  let borrow = 0;
  for (let index = SIZE - 1; index >= 0; index -= 1) {
    const difference = (ORDER[index] ?? 0) - (signature[SIZE + index] ?? 0) - borrow;
    borrow = difference < 0 ? 1 : 0;
    signature[SIZE + index] = difference & 0xff;
  }
  return signature;
}
