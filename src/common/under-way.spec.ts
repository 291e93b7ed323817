import { UnderWay } from './under-way.js';

describe('UnderWay', () => {
  const given = () => {
    const begun: { key: string; end: (answer: string) => void; fail: (error: Error) => void }[] = [];
    const works = new UnderWay<string>();
    const share = (key: string) => works.share(key, () => new Promise((end, fail) => begun.push({ key, end, fail })));
    return { begun, share };
  };

  it('begins what many want at the same time once, and tells all of them', async () => {
    const { begun, share } = given();
    const all = [share('a'), share('a'), share('b'), share('a')];
    expect(begun.map(({ key }) => key)).toEqual(['a', 'b']);
    for (const { key, end } of begun) end(`of ${key}`);
    expect(await Promise.all(all)).toEqual(['of a', 'of a', 'of b', 'of a']);
  });

  it('begins anew for whoever comes later', async () => {
    const { begun, share } = given();
    const first = share('a');
    begun[0]?.end('first');
    expect(await first).toBe('first');
    const second = share('a');
    begun[1]?.end('second');
    expect(await second).toBe('second');
  });

  it('keeps nothing of what fails to begin', async () => {
    const works = new UnderWay<string>();
    const failing = (): never => {
      throw new Error('not begun');
    };
    expect(() => works.share('a', failing)).toThrow('not begun');
    expect(await works.share('a', async () => 'begun')).toBe('begun');
  });

  it('tells all of a failure, and begins anew after it', async () => {
    const { begun, share } = given();
    const all = [share('a'), share('a')];
    begun[0]?.fail(new Error('gone'));
    expect(await Promise.allSettled(all)).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }]);
    const again = share('a');
    begun[1]?.end('here');
    expect(await again).toBe('here');
  });
});
