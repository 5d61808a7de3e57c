import { beforeAll, beforeEach, expect, test } from 'vitest';
import { SelectablePersona } from '../../../contract/personas.ts';
import { addPersona } from '../../support/agent/personas.ts';
import { type Person, startTestApp, type TestApp } from '../../support/app/testApp.ts';

let app: TestApp;
let owner: Person;
let stranger: Person;
let member: Person;
let platform: Person;

beforeAll(async () => {
  app = await startTestApp({}, { worker: false });
  [owner, stranger, member, platform] = await Promise.all([app.signUp(), app.signUp(), app.signUp(), app.signUp()]);
  await app.joinAccount(member, owner);
  await app.promote(platform);
});
beforeEach(() => app.sql('delete from personas'));

const selectable = async ({ token }: Person, headers = {}): Promise<any[]> => {
  const { status, body } = await app.call('GET', '/v1/me/selectable-personas', { token, headers });
  expect(status).toBe(200);
  return body;
};
const labels = async (person: Person) =>
  (await selectable(person)).map(
    ({ selector_name, display_name, version, scope }) => `${selector_name ?? display_name} ${version} ${scope}`,
  );
const builtins = ['Normal', 'Search', 'Lite', 'Pro', 'Ultra', 'Auto'].map((label) => `${label} 1 platform`);
const change = ({ token }: Person, id: string, body: object, query = '') =>
  app.call('PATCH', `/v1/personas/${id}${query}`, { token, body });

test('without custom personas the built-in ones are returned to every member, without prompts', async () => {
  expect(await labels(owner)).toEqual(builtins);
  const seen = await selectable(member, { 'x-account-id': owner.accountId });
  expect(seen.map((each) => SelectablePersona.strict().parse(each))).toEqual(seen);
  expect(seen[0]).toMatchObject({
    id: 'builtin:normal:1',
    persona_key: 'normal',
    source: 'builtin',
    selector_order: 1,
    reasoning_mode: 'auto',
  });
});

test('account personas override platform ones, which override built-in ones, and inactive ones are ignored', async () => {
  const override = { persona_key: 'normal', model: 'x^y' };
  const shared = await addPersona(app, platform, { ...override, version: '2', scope: 'platform', selector_name: 'Ours' });
  const own = await addPersona(app, owner, { ...override, version: '3', selector_name: 'Mine' });
  const first = async (person: Person) => (await labels(person))[0];
  expect([await first(owner), await first(stranger)]).toEqual(['Mine 3 account', 'Ours 2 platform']);
  await change(owner, own.id, { is_active: false });
  expect(await first(owner)).toBe('Ours 2 platform');
  await change(platform, shared.id, { is_active: false }, '?scope=platform');
  expect(await first(owner)).toBe('Normal 1 platform');
  await change(owner, own.id, { is_active: true });
  expect([await first(owner), await first(stranger)]).toEqual(['Mine 3 account', 'Normal 1 platform']);
  await app.call('DELETE', `/v1/personas/${own.id}`, { token: owner.token });
  expect(await first(owner)).toBe('Normal 1 platform');
});

test('of several versions only the newest is returned', async () => {
  for (const version of ['9', '10', '2']) await addPersona(app, owner, { version, user_selectable: true });
  expect((await labels(owner)).filter((label) => label.startsWith('Own'))).toEqual(['Own 2 account']);
});

test('an override keeps the position of the built-in persona unless it sets one', async () => {
  const plain = await addPersona(app, owner, { persona_key: 'search', display_name: 'Mine' });
  expect(plain).toMatchObject({ user_selectable: true, selector_name: 'Search', selector_order: 2 });
  expect((await labels(owner))[1]).toBe('Search 1 account');
  await change(owner, plain.id, { selector_name: null, selector_order: 50 });
  expect((await labels(owner)).at(-1)).toBe('Mine 1 account');
  await change(owner, plain.id, { user_selectable: false });
  expect(await labels(owner)).toEqual(builtins.filter((label) => !label.startsWith('Search')));
  const hidden = await addPersona(app, platform, { persona_key: 'summarizer', scope: 'platform' });
  expect(hidden).toMatchObject({ user_selectable: false });
  expect(await labels(stranger)).toEqual(builtins);
});

test('other selectable personas are sorted by order, label and key', async () => {
  const add = (persona_key: string, fields: object) => addPersona(app, owner, { persona_key, user_selectable: true, ...fields });
  await addPersona(app, owner, { persona_key: 'silent' });
  await add('b', { display_name: 'Same' });
  await add('a', { display_name: 'Same' });
  await add('c', { display_name: 'Zebra', selector_name: 'Ärger' });
  await add('d', { display_name: 'Last', selector_order: 100 });
  await add('e', { display_name: 'First', selector_order: -1 });
  await add('f', { display_name: 'zoo', selector_order: 99 });
  const order = (await selectable(owner)).map(({ persona_key }) => persona_key);
  expect(order).toEqual(['e', 'normal', 'search', 'lite', 'pro', 'ultra', 'auto', 'c', 'a', 'b', 'f', 'd']);
});

test('personas of another account are not returned', async () => {
  await addPersona(app, stranger, { persona_key: 'normal', display_name: 'Foreign', user_selectable: true });
  await addPersona(app, stranger, { persona_key: 'theirs', user_selectable: true });
  expect(await labels(owner)).toEqual(builtins);
});
