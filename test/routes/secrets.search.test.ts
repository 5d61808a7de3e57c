import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { encodingsOf, findLeaks } from '../support/checks/leaks.ts';

test.each([
  ['raw', (value: string) => value],
  ['JSON', (value: string) => JSON.stringify({ value })],
  ['URL', (value: string) => encodeURIComponent(value)],
  ['form', (value: string) => new URLSearchParams({ value }).toString()],
  ['hexadecimal', (value: string) => Buffer.from(`é${value}`).toString('hex').toUpperCase()],
  ['base64', (value: string) => Buffer.from(`{"a":"${value}"}`).toString('base64')],
  ['base64url after one byte', (value: string) => Buffer.from(`.${value}.`).toString('base64url')],
  ['base64 after two bytes', (value: string) => Buffer.from(`..${value}.`).toString('base64')],
])('finds a secret in its %s form', (_name, write) => {
  const value = 'a "secret"+/=? ÿÿ>>';
  const secret = { name: 's', value, shownIn: new Set<string>() };
  expect(findLeaks([secret], [{ place: 'here', text: `before ${write(value)} after` }]).leaks).toHaveLength(1);
  expect(findLeaks([secret], [{ place: 'here', text: write(value.slice(0, -4)) }]).leaks).toEqual([]);
});

test('finds half of a long secret, and reports a secret missing from its expected place', () => {
  const value = randomBytes(32).toString('hex');
  const secret = { name: 's', value, shownIn: new Set(['there']) };
  const { leaks, missed } = findLeaks(
    [secret],
    [
      { place: 'here', text: value.slice(32) },
      { place: 'there', text: '' },
    ],
  );
  expect([leaks.map(({ place }) => place), missed.map(({ place }) => place)]).toEqual([['here'], ['there']]);
  expect(encodingsOf(value).get('raw')).toHaveLength(32);
});
