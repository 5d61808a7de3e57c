import { afterEach, expect, test, vi } from 'vitest';
import { matchingStep, newRecoveryCodes, readCode, secretText } from '../../../server/resources/secondFactor/codes.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';

useDatabaseClock();

afterEach(() => void vi.useRealTimers());

test('codes are those of RFC 6238, appendix B, with six digits', async () => {
  const secret = Buffer.from('12345678901234567890');
  expect(secretText(secret)).toBe('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ');
  vi.useFakeTimers({ toFake: ['Date'] });
  for (const [seconds, code] of [
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
    [20_000_000_000, '353130'],
  ] as const) {
    const step = Math.floor(seconds / 30);
    const stepAt = (offset: number, lastStep = 0) => {
      vi.setSystemTime((seconds + offset) * 1_000);
      return matchingStep(secret, code, lastStep);
    };
    expect([await stepAt(0), await stepAt(30), await stepAt(-30)]).toEqual([step, step, step]);
    expect([await stepAt(60), await stepAt(-60), await stepAt(0, step)]).toEqual([undefined, undefined, undefined]);
  }
});

test('codes are read as people type them', () => {
  expect(readCode(' 123 456 ')).toEqual({ kind: 'totp', digits: '123456' });
  const { codes, hashes } = newRecoveryCodes();
  expect(readCode(codes[0]!)).toEqual({ kind: 'recovery_code', hash: hashes[0] });
  expect(readCode(codes[0]!.toLowerCase().replaceAll('-', ''))).toEqual({ kind: 'recovery_code', hash: hashes[0] });
  for (const text of ['', '12345', '1234567', '１２３４５６', 'nonsense', '-', 'A'.repeat(17)]) expect(readCode(text)).toBe(undefined);
});
