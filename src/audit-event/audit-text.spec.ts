import { auditText } from './audit-text.js';

describe('auditText', () => {
  it.each([
    { name: 'keeps plain text', text: 'terraform/1.9 (linux; arm64)', kept: 'terraform/1.9 (linux; arm64)' },
    { name: 'keeps nothing as nothing', text: null, kept: null },
    { name: 'cuts at 256 characters', text: 'a'.repeat(1000), kept: 'a'.repeat(256) },
    { name: 'takes tokens out', text: 'agent eyJhbGciOi.eyJzdWIi.c2ln end', kept: 'agent [removed] end' },
    {
      name: 'takes out a token that lies across the cut',
      text: `${'a'.repeat(250)} eyJhbGciOi.eyJzdWIi.c2ln`,
      kept: `${'a'.repeat(250)} [remo`,
    },
    { name: 'leaves no line break for a forged line', text: 'one\r\ntwo\0\u{1f600}', kept: 'one??two???' },
  ])('$name', ({ text, kept }) => {
    expect(auditText(text)).toBe(kept);
  });
});
