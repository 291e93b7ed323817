import { validityFinding } from './tls-check.js';

describe('validityFinding', () => {
  // As OpenSSL writes times.
  const certificate = { validFrom: 'Jan  1 00:00:00 2026 GMT', validTo: 'Mar 31 00:00:00 2026 GMT' };

  it.each([
    { at: '2025-12-31T23:59:59Z', level: 'fault', says: /not good before Jan/ },
    { at: '2026-01-01T00:00:00Z', level: 'ok', says: /good until Mar/ },
    { at: '2026-03-24T00:00:00Z', level: 'ok', says: /good until Mar/ },
    { at: '2026-03-24T00:00:01Z', level: 'warning', says: /expires soon/ },
    { at: '2026-03-31T00:00:00Z', level: 'fault', says: /has expired/ },
  ])('finds a certificate at $at: $level', ({ at, level, says }) => {
    const finding = validityFinding(certificate, new Date(at));
    expect(finding).toMatchObject({ check: 'tls', level, message: expect.stringMatching(says) });
    expect(finding.remedy === undefined).toBe(level === 'ok');
  });
});
