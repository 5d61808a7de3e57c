import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Person, startTestApp, type TestApp } from '../../support/app/testApp.ts';
import { issuesOf } from '../../support/http/responses.ts';

let app: TestApp;
let owner: Person;
let stranger: Person;

beforeAll(async () => {
  app = await startTestApp({}, { worker: false });
  [owner, stranger] = await Promise.all([app.signUp(), app.signUp()]);
});
beforeEach(() => app.sql('delete from personas'));

const input = (changes: object = {}) => ({ persona_key: 'own', version: '1', display_name: 'Own', prompt_md: 'Be yourself.', ...changes });
const create = ({ token }: Person, body: object) => app.call('POST', '/v1/personas', { token, body });
const list = async ({ token }: Person): Promise<any[]> => (await app.call('GET', '/v1/personas', { token })).body;

test.each([
  ['an unknown budget', { budgets: { max_tokens: 1 } }, '/budgets/max_tokens'],
  ['a budget of nothing', { budgets: { max_cost_micros: 0 } }, '/budgets/max_cost_micros'],
  ['half a token', { budgets: { max_output_tokens: 1.5 } }, '/budgets/max_output_tokens'],
  ['a budget that is null', { budgets: { temperature: null } }, '/budgets/temperature'],
  ['a tool budget, which is reserved', { budgets: { tool_budget: { web: 1 } } }, '/budgets/tool_budget'],
  ['soft limits, which are reserved', { budgets: { per_tool_soft_limits: { web: 1 } } }, '/budgets/per_tool_soft_limits'],
  ['conditional tools, which are reserved', { conditional_tools: [{}] }, '/conditional_tools'],
  ['an executor in a role', { roles: { a: { executor_type: 'noop' } } }, '/roles/a/executor_type'],
  ['an unknown budget in a role', { roles: { a: { budgets: { x: 1 } } } }, '/roles/a/budgets/x'],
  ['a role without a proper name', { roles: { 'a b': {} } }, '/roles/a b'],
  ['a key with a space', { persona_key: 'a b' }, '/persona_key'],
  ['a key with a version in it', { persona_key: 'a@1' }, '/persona_key'],
  ['a key of 65 characters', { persona_key: 'x'.repeat(65) }, '/persona_key'],
  ['an empty version', { version: '' }, '/version'],
  ['a blank name', { display_name: ' \u3000' }, '/display_name'],
  ['a blank prompt', { prompt_md: ' \n ' }, '/prompt_md'],
  ['a prompt that is too long', { prompt_md: '😀'.repeat(100_001) }, '/prompt_md'],
  ['a blank tool', { tool_allowlist: ['echo', ' '] }, '/tool_allowlist/1'],
  ['an unknown mode', { reasoning_mode: 'hard' }, '/reasoning_mode'],
  ['a script to execute', { executor_type: 'agent.lua' }, '/executor_type'],
  ['a classifier without routes', { executor_type: 'task.classify_route' }, '/executor_config/routes'],
  ['a classifier with no route', { executor_type: 'task.classify_route', executor_config: { routes: {} } }, '/executor_config/routes'],
  [
    'a route without a prompt',
    { executor_type: 'task.classify_route', executor_config: { routes: { a: {} } } },
    '/executor_config/routes/a/prompt_override',
  ],
  [
    'a default that is no route',
    { executor_type: 'task.classify_route', executor_config: { routes: { a: { prompt_override: 'A' } }, default_route: 'toString' } },
    '/executor_config/default_route',
  ],
  [
    'check-ins every zero turns',
    { executor_type: 'agent.interactive', executor_config: { check_in_every: 0 } },
    '/executor_config/check_in_every',
  ],
  ['being active from the start', { is_active: true }, '/is_active'],
  ['a source', { source: 'builtin' }, '/source'],
])('%s is rejected', async (_, changes, path) => {
  expect(issuesOf(await create(owner, input(changes)))).toEqual([400, [['body', path]]]);
});

test('missing and invalid fields are reported together', async () => {
  const [status, issues] = issuesOf(await create(owner, { version: '1', reasoning_mode: 'hard' }));
  expect([status, issues.sort()]).toEqual([
    400,
    [
      ['body', '/display_name'],
      ['body', '/persona_key'],
      ['body', '/prompt_md'],
      ['body', '/reasoning_mode'],
    ],
  ]);
  expect((await create(owner, input({ prompt_md: '😀'.repeat(100_000) }))).status).toBe(201);
});

describe('a copy of a built-in persona', () => {
  test('has the fields of the original except the given ones', async () => {
    const original = (await list(owner)).find((each) => each.persona_key === 'auto');
    const { status, body } = await create(owner, { copy_from_repo_persona_key: 'auto', display_name: 'My auto', selector_order: 0 });
    expect(status).toBe(201);
    const { id, account_id, scope, source, created_at, updated_at } = body;
    const own = { id, account_id, scope, source, created_at, updated_at, display_name: 'My auto', selector_order: 0 };
    expect(body).toEqual({ ...original, ...own });
    expect([source, scope]).toEqual(['custom', 'account']);
    expect((await create(stranger, { copy_from_repo_persona_key: 'auto', persona_key: 'auto', version: '1' })).status).toBe(201);
  });

  test.each([
    ['nothing', {}, '/copy_from_repo_persona_key', 'nope'],
    ['another key', { persona_key: 'other' }, '/persona_key', 'pro'],
    ['another version', { version: '2' }, '/version', 'pro'],
  ])('of %s is rejected', async (_, fields, path, from) => {
    expect(issuesOf(await create(owner, { copy_from_repo_persona_key: from, ...fields }))).toEqual([400, [['body', path]]]);
  });
});
