import { beforeAll, beforeEach, expect, test } from 'vitest';
import { SelectablePersona } from '../../contract/personas.ts';
import { addPersona } from '../setup/personas.ts';
import { type Person, startWorld, type World } from '../setup/world.ts';

let world: World;
let owner: Person;
let stranger: Person;
let member: Person;
let platform: Person;

beforeAll(async () => {
  world = await startWorld({}, { worker: false });
  [owner, stranger, member, platform] = await Promise.all([world.signUp(), world.signUp(), world.signUp(), world.signUp()]);
  await world.join(member, owner);
  await world.promote(platform);
});
beforeEach(() => world.sql('delete from personas'));

const offered = async ({ token }: Person, headers = {}): Promise<any[]> => {
  const { status, body } = await world.call('GET', '/v1/me/selectable-personas', { token, headers });
  expect(status).toBe(200);
  return body;
};
const labels = async (person: Person) =>
  (await offered(person)).map(({ selector_name, display_name, version, scope }) => `${selector_name ?? display_name} ${version} ${scope}`);
const builtins = ['Normal', 'Search', 'Lite', 'Pro', 'Ultra', 'Auto'].map((label) => `${label} 1 platform`);
const change = ({ token }: Person, id: string, body: object, query = '') =>
  world.call('PATCH', `/v1/personas/${id}${query}`, { token, body });

test('without personas of anybody the builtins are offered, to any member, with nothing of their prompts', async () => {
  expect(await labels(owner)).toEqual(builtins);
  const seen = await offered(member, { 'x-account-id': owner.accountId });
  expect(seen.map((each) => SelectablePersona.strict().parse(each))).toEqual(seen);
  expect(seen[0]).toMatchObject({
    id: 'builtin:normal:1',
    persona_key: 'normal',
    source: 'builtin',
    selector_order: 1,
    reasoning_mode: 'auto',
  });
});

test('the account goes before the platform, the platform before what is built in; what is turned off counts for nothing', async () => {
  const override = { persona_key: 'normal', model: 'x^y' };
  const shared = await addPersona(world, platform, { ...override, version: '2', scope: 'platform', selector_name: 'Ours' });
  const own = await addPersona(world, owner, { ...override, version: '3', selector_name: 'Mine' });
  const first = async (person: Person) => (await labels(person))[0];
  expect([await first(owner), await first(stranger)]).toEqual(['Mine 3 account', 'Ours 2 platform']);
  await change(owner, own.id, { is_active: false });
  expect(await first(owner)).toBe('Ours 2 platform');
  await change(platform, shared.id, { is_active: false }, '?scope=platform');
  expect(await first(owner)).toBe('Normal 1 platform');
  await change(owner, own.id, { is_active: true });
  expect([await first(owner), await first(stranger)]).toEqual(['Mine 3 account', 'Normal 1 platform']);
  await world.call('DELETE', `/v1/personas/${own.id}`, { token: owner.token });
  expect(await first(owner)).toBe('Normal 1 platform');
});

test('of several versions the newest is offered, once', async () => {
  for (const version of ['9', '10', '2']) await addPersona(world, owner, { version, user_selectable: true });
  expect((await labels(owner)).filter((label) => label.startsWith('Own'))).toEqual(['Own 2 account']);
});

test('an override keeps the place of the builtin, unless it names one', async () => {
  const plain = await addPersona(world, owner, { persona_key: 'search', display_name: 'Mine' });
  expect(plain).toMatchObject({ user_selectable: true, selector_name: 'Search', selector_order: 2 });
  expect((await labels(owner))[1]).toBe('Search 1 account');
  await change(owner, plain.id, { selector_name: null, selector_order: 50 });
  expect((await labels(owner)).at(-1)).toBe('Mine 1 account');
  await change(owner, plain.id, { user_selectable: false });
  expect(await labels(owner)).toEqual(builtins.filter((label) => !label.startsWith('Search')));
  const hidden = await addPersona(world, platform, { persona_key: 'summarizer', scope: 'platform' });
  expect(hidden).toMatchObject({ user_selectable: false });
  expect(await labels(stranger)).toEqual(builtins);
});

test('others are offered when they say so, by order, then label, then key', async () => {
  const add = (persona_key: string, fields: object) => addPersona(world, owner, { persona_key, user_selectable: true, ...fields });
  await addPersona(world, owner, { persona_key: 'silent' });
  await add('b', { display_name: 'Same' });
  await add('a', { display_name: 'Same' });
  await add('c', { display_name: 'Zebra', selector_name: 'Ärger' });
  await add('d', { display_name: 'Last', selector_order: 100 });
  await add('e', { display_name: 'First', selector_order: -1 });
  await add('f', { display_name: 'zoo', selector_order: 99 });
  const order = (await offered(owner)).map(({ persona_key }) => persona_key);
  expect(order).toEqual(['e', 'normal', 'search', 'lite', 'pro', 'ultra', 'auto', 'c', 'a', 'b', 'f', 'd']);
});

test('personas of another account are not offered', async () => {
  await addPersona(world, stranger, { persona_key: 'normal', display_name: 'Foreign', user_selectable: true });
  await addPersona(world, stranger, { persona_key: 'theirs', user_selectable: true });
  expect(await labels(owner)).toEqual(builtins);
});
