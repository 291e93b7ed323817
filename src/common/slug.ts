const MAX_LENGTH = 64;

/** A slug that reads like the name: words of a-z and 0-9 joined by single hyphens, or the fallback when none are left. */
export function slugOf(name: string, fallback: string): string {
  const words =
    name
      .normalize('NFKD')
      .replaceAll(/\p{M}/gu, '')
      .toLowerCase()
      .match(/[a-z0-9]+/g) ?? [];
  return words.join('-').slice(0, MAX_LENGTH).replace(/-+$/, '') || fallback;
}
