import { expect, test } from 'vitest';
import { decodeBase64, isBase64 } from '../../../server/platform/base64.ts';

test('base64 is recognized with and without padding, also in texts of several MB', () => {
  const valid = ['QQ', 'QQ==', 'QUI', 'QUI=', 'QUJD', '+/+/', 'A'.repeat(6 * 2 ** 20)];
  expect(valid.filter((text) => !isBase64(text))).toEqual([]);
  const invalid = [
    '',
    '=',
    '==',
    'Q',
    'QQ===',
    'Q=Q=',
    'QU-D',
    'QU_D',
    'QUJ!',
    '!QUJ',
    'QU D',
    'QUJD\n',
    'QUJé',
    `${'A'.repeat(6 * 2 ** 20)}!`,
  ];
  expect(invalid.filter(isBase64)).toEqual([]);
});

test('base64 is decoded without its line breaks, and only with its padding', () => {
  expect(decodeBase64('QUJ\r\nD\n')?.toString()).toBe('ABC');
  expect(decodeBase64('')?.length).toBe(0);
  expect(['QQ', 'QQ=', 'QQ= =', 'QU-D', 'QQ==QQ=='].map(decodeBase64)).toEqual([undefined, undefined, undefined, undefined, undefined]);
});
