import { beforeAll, beforeEach, expect, test } from 'vitest';
import { Persona } from '../../../contract/personas.ts';
import { addPersona } from '../../support/agent/personas.ts';
import { type Person, startTestApp, type TestApp } from '../../support/app/testApp.ts';
import { concurrently } from '../../support/checks/race.ts';
import { issuesOf, statusAndReason } from '../../support/http/responses.ts';

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

const input = (changes: object = {}) => ({ persona_key: 'own', version: '1', display_name: 'Own', prompt_md: 'Be yourself.', ...changes });
const create = ({ token }: Person, body: object, headers = {}) => app.call('POST', '/v1/personas', { token, body, headers });
const patch = ({ token }: Person, id: unknown, body: object, query = '') =>
  app.call('PATCH', `/v1/personas/${id}${query}`, { token, body });
const remove = ({ token }: Person, id: unknown, query = '') => app.call('DELETE', `/v1/personas/${id}${query}`, { token });
const list = async ({ token }: Person, query = ''): Promise<any[]> => (await app.call('GET', `/v1/personas${query}`, { token })).body;
const keysOf = (personas: any[]) => personas.map(({ persona_key, version, source }) => `${source} ${persona_key}@${version}`);
const builtinKeys = ['normal', 'search', 'lite', 'pro', 'ultra', 'auto', 'summarizer'].map((key) => `builtin ${key}@1`);

test('a persona is created, listed, updated and deleted', async () => {
  const made = await create(owner, input({ display_name: '  Own  ', tool_allowlist: [' echo ', 'noop', 'echo'], budgets: { top_p: 0.5 } }));
  expect(made.status).toBe(201);
  expect(Persona.parse(made.body)).toEqual(made.body);
  const { id, created_at } = made.body;
  expect(made.body).toEqual({
    id,
    account_id: owner.accountId,
    scope: 'account',
    source: 'custom',
    persona_key: 'own',
    version: '1',
    is_active: true,
    display_name: 'Own',
    description: null,
    prompt_md: 'Be yourself.',
    soul_md: null,
    tool_allowlist: ['echo', 'noop'],
    tool_denylist: [],
    core_tools: [],
    skills: [],
    budgets: { top_p: 0.5 },
    roles: {},
    conditional_tools: [],
    model: null,
    preferred_credential: null,
    reasoning_mode: 'auto',
    stream_thinking: true,
    prompt_cache_control: 'none',
    executor_type: 'agent.simple',
    executor_config: {},
    user_selectable: false,
    selector_name: null,
    selector_order: null,
    created_at,
    updated_at: created_at,
  });
  const changed = await patch(owner, id, { soul_md: 'A soul', budgets: { temperature: 1 }, tool_allowlist: [], is_active: false });
  expect(changed.status).toBe(200);
  expect(changed.body).toEqual({
    ...made.body,
    soul_md: 'A soul',
    budgets: { temperature: 1 },
    tool_allowlist: [],
    is_active: false,
    updated_at: changed.body.updated_at,
  });
  expect((await patch(owner, id, { soul_md: null })).body.soul_md).toBeNull();
  expect((await list(owner))[0]).toMatchObject({ id, soul_md: null, is_active: false });
  expect((await remove(owner, id)).status).toBe(204);
  expect((await remove(owner, id)).status).toBe(404);
  expect(keysOf(await list(owner))).toEqual(builtinKeys);
});

test('text with quotes, backslashes and question marks is stored unchanged', async () => {
  const text = `it's "a" \\' ? $1 :x {y} \n%s 名 😀`;
  const said = { prompt_md: ` ${text}\n`, soul_md: text, description: text, executor_config: { [text]: [text, null, 1.5] } };
  const roles = { critic: { prompt_md: text, budgets: { max_output_tokens: 9 }, tool_allowlist: ['a', ' a'] } };
  const made = await addPersona(app, owner, { ...said, roles });
  expect(made).toMatchObject({ ...said, roles: { critic: { ...roles.critic, tool_allowlist: ['a'] } } });
});

test('a member reads account personas but cannot change them, and cannot read platform personas', async () => {
  const as = { token: member.token, headers: { 'x-account-id': owner.accountId } };
  const { id } = await addPersona(app, owner);
  const shared = await addPersona(app, platform, { scope: 'platform' });
  const seen = await app.call('GET', '/v1/personas?scope=account', as);
  expect([seen.status, seen.body[0].id]).toEqual([200, id]);
  const hidden = await app.call('GET', '/v1/personas?scope=platform', as);
  expect([hidden.status, hidden.body.details]).toEqual([403, { reason: 'missing_permission', permission: 'platform.admin' }]);
  const made = await create(member, input(), as.headers);
  expect([made.status, made.body.details.permission]).toEqual([403, 'data.personas.manage']);
  expect((await create(owner, input({ scope: 'platform' }))).body.details).toMatchObject({ permission: 'platform.admin' });
  for (const method of ['PATCH', 'DELETE']) {
    expect((await app.call(method, `/v1/personas/${id}`, as)).status).toBe(403);
    for (const any of [shared.id, '00000000-0000-7000-8000-000000000000'])
      expect((await app.call(method, `/v1/personas/${any}?scope=platform`, as)).body.details).toMatchObject({
        permission: 'platform.admin',
      });
  }
});

test('key and version are unique per owner, also in parallel requests', async () => {
  await addPersona(app, owner);
  expect(statusAndReason(await create(owner, input()))).toEqual([409, 'persona_conflict']);
  for (const [person, fields] of [
    [owner, { version: '2' }],
    [owner, { persona_key: 'OWN' }],
    [stranger, {}],
    [platform, { scope: 'platform' }],
  ] as const)
    expect((await create(person, input(fields))).status).toBe(201);
  expect(statusAndReason(await create(platform, input({ scope: 'platform' })))).toEqual([409, 'persona_conflict']);
  const answers = await concurrently(10, () => create(owner, input({ version: 'raced' })));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(9).fill(409)]);
});

test('a scope lists its own personas newest first, then the built-in ones that it does not override', async () => {
  await addPersona(app, owner, { persona_key: 'lite', version: '7' });
  await addPersona(app, owner, { persona_key: 'own' });
  const off = await addPersona(app, owner, { persona_key: 'pro' });
  await patch(owner, off.id, { is_active: false });
  await addPersona(app, platform, { persona_key: 'summarizer', scope: 'platform' });
  const without = (...keys: string[]) => builtinKeys.filter((each) => !keys.includes(each));
  expect(keysOf(await list(owner))).toEqual(['custom pro@1', 'custom own@1', 'custom lite@7', ...without('builtin lite@1')]);
  expect(keysOf(await list(platform, '?scope=platform'))).toEqual(['custom summarizer@1', ...without('builtin summarizer@1')]);
  expect(keysOf(await list(stranger))).toEqual(builtinKeys);
  const [builtin] = await list(stranger);
  expect(builtin).toMatchObject({ id: 'builtin:normal:1', account_id: null, scope: 'platform', created_at: null, updated_at: null });
  for (const answer of [await patch(stranger, builtin.id, { description: 'x' }), await remove(stranger, builtin.id)])
    expect(issuesOf(answer)).toEqual([400, [['path', 'persona_id']]]);
});

test('a persona of another account or scope, or an unknown one, returns 404', async () => {
  const mine = await addPersona(app, owner);
  const shared = await addPersona(app, platform, { scope: 'platform' });
  for (const id of [mine.id, shared.id, '00000000-0000-7000-8000-000000000000']) {
    expect((await patch(stranger, id, { nonsense: 1 })).status).toBe(404);
    expect((await remove(stranger, id)).status).toBe(404);
  }
  expect((await patch(platform, mine.id, { description: 'x' }, '?scope=platform')).status).toBe(404);
  expect((await patch(platform, shared.id, { description: 'x' })).status).toBe(404);
  expect((await patch(platform, shared.id, { description: 'x' }, '?scope=platform')).status).toBe(200);
  expect((await list(owner))[0].description).toBeNull();
});

test('an update is validated together with the stored fields', async () => {
  const routes = { a: { prompt_override: 'A', model_override: 'x^y' } };
  const { id } = await addPersona(app, owner, { executor_config: { routes } });
  expect((await patch(owner, id, { executor_type: 'task.classify_route' })).status).toBe(200);
  expect(issuesOf(await patch(owner, id, { executor_config: {} }))).toEqual([400, [['body', '/executor_config/routes']]]);
  for (const body of [
    {},
    { version: '2' },
    { persona_key: 'x' },
    { copy_from_repo_persona_key: 'pro' },
    { prompt_md: null },
    { scope: 'platform' },
  ])
    expect((await patch(owner, id, body)).status, JSON.stringify(body)).toBe(400);
  expect((await list(owner))[0]).toMatchObject({ executor_type: 'task.classify_route', executor_config: { routes } });
});

test('parallel updates of different fields are all kept', async () => {
  const { id } = await addPersona(app, owner);
  const changes = [{ description: 'd' }, { soul_md: 's' }, { model: 'm' }, { selector_order: 3 }, { is_active: false }];
  const answers = await Promise.all(changes.map((change) => patch(owner, id, change)));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  expect((await list(owner))[0]).toMatchObject(Object.assign({}, ...changes));
});

test('a system persona can be overridden by the platform only, and never copied', async () => {
  expect(statusAndReason(await create(owner, input({ persona_key: 'summarizer', version: '2' })))).toEqual([403, 'system_protected']);
  for (const [person, scope] of [
    [owner, 'account'],
    [platform, 'platform'],
  ] as const)
    expect(statusAndReason(await create(person, { copy_from_repo_persona_key: 'summarizer', scope }))).toEqual([403, 'system_protected']);
  expect((await create(platform, input({ persona_key: 'summarizer', scope: 'platform' }))).status).toBe(201);
});

test('audit entries have field names only, and the account of the persona', async () => {
  const { id } = await addPersona(app, owner, { prompt_md: 'Highly confidential' });
  await patch(owner, id, { soul_md: 'Highly confidential', is_active: false });
  await remove(owner, id);
  const entries = await app.sql('select * from audit_logs where target_id = $1 order by created_at, id', [id]);
  expect(entries.map(({ action, target_type, metadata, account_id }) => [action, target_type, metadata, account_id])).toEqual([
    ['persona.create', 'persona', { fields: ['display_name', 'persona_key', 'prompt_md', 'scope', 'version'] }, owner.accountId],
    ['persona.update', 'persona', { fields: ['is_active', 'soul_md'] }, owner.accountId],
    ['persona.delete', 'persona', {}, owner.accountId],
  ]);
  expect(JSON.stringify(await app.sql('select * from audit_logs'))).not.toContain('onfidential');
  const shared = await addPersona(app, platform, { scope: 'platform' });
  await remove(platform, shared.id, '?scope=platform');
  const ours = await app.sql('select account_id, actor_user_id from audit_logs where target_id = $1', [shared.id]);
  expect(ours).toEqual(Array(2).fill({ account_id: null, actor_user_id: platform.id }));
});

test('a page of personas has at most 2 MB, and the built-in ones come last', async () => {
  const prompt_md = 'ä'.repeat(100_000);
  const own = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'normal'];
  for (const persona_key of own) expect((await create(owner, input({ persona_key, prompt_md }))).status).toBe(201);
  const page = async (query: string) => {
    const { status, body, headers } = await app.call('GET', `/v1/personas${query}`, { token: owner.token });
    expect(status).toBe(200);
    return { keys: body.map((each: Persona) => each.persona_key), next: headers.get('x-next-cursor') };
  };
  const first = await page('');
  expect(first.keys).toEqual(own.toReversed().slice(0, 9));
  const second = await page(`?before=${first.next}&limit=5`);
  expect(second.keys).toEqual(['c', 'b', 'a', 'search', 'lite']);
  const third = await page(`?before=${second.next}`);
  expect(third).toEqual({ keys: ['pro', 'ultra', 'auto', 'summarizer'], next: null });
  const cursorOfAnother = await app.call('GET', `/v1/personas?before=${first.next}`, { token: stranger.token });
  expect(statusAndReason(cursorOfAnother)).toEqual([400, 'invalid_cursor']);
});
