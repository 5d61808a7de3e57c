import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { migrations } from '../server/db/migrations/index.ts';
import { declaredStatements } from '../server/kernel/sql.ts';

const root = new URL('../server/', import.meta.url);

/** The tables whose rows belong to accounts, as the migrations make them. */
const tenantTables: string[] = await (async () => {
  const texts: string[] = [];
  // Some statements are run at once, because rows are computed between them; here no table has rows.
  const execute = async (text: string) => {
    texts.push(text);
    return [];
  };
  for (const { class: Migration } of migrations)
    await Migration.prototype.up.call({ addSql: (text: string) => void texts.push(text), execute } as never);
  const tables = texts.flatMap((text) => [...text.matchAll(/create table (\w+) \(([\s\S]*?)\n\)/g)]);
  return tables.filter(([, , columns]) => /^\s*account_id /m.test(columns!)).map(([, table]) => table!);
})();

/** What is declared when the modules of a folder are loaded. A later folder gives what those before it have not declared. */
async function declaredBy(folder: string): Promise<string[]> {
  const before = new Set(declaredStatements());
  const files = readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  for (const file of files) await import(new URL(`${folder}/${file}`, root).href);
  return declaredStatements().filter((text) => !before.has(text));
}

const keywords = /^(where|set|on|using|left|right|inner|cross|join|group|order|for|limit|returning|values|select|union|default)$/;

/** The tables of accounts that a statement reads or writes without asking whose row it is. */
function unguarded(text: string): string[] {
  const uses = [...text.matchAll(/\b(from|join|update|into|using)\s+([a-z_]+)(?:\s+(?:as\s+)?([a-z]+))?/g)];
  return uses.flatMap(([, verb, table, word]) => {
    if (!tenantTables.includes(table!)) return [];
    if (verb === 'into') return new RegExp(`into ${table}\\b[^(]*\\([^)]*\\baccount_id\\b`).test(text) ? [] : [table!];
    const alias = word && !keywords.test(word) ? word : undefined;
    const column = alias ? `\\b${alias}\\.account_id` : `(?<![.\\w])(?:${table}\\.)?account_id`;
    const compared = `${column}\\s*(?:=|in\\b|is not distinct)|(?:=|distinct from)\\s*${column}\\b|\\(${column},[^()]*\\)\\s*(?:=|in\\b)`;
    return new RegExp(compared).test(text) ? [] : [table!];
  });
}

const entry = 'id, account_id, actor_user_id, action, target_type, target_id, trace_id, metadata, ip_address, user_agent, created_at';

/** What may look past the account, and why. */
const exceptions: readonly (readonly [start: string, why: string])[] = [
  ['with run as (update runs set next_seq', 'the run was found in its account before, or is the job of a worker'],
  ['select r.id, r.thread_id, r.account_id, r.user_id, r.categories', 'reports of the whole platform, for those who administer it'],
  ['select true as is_there from threads where id = $1', 'whether a thread of any account exists, for those who administer the platform'],
  ['select account_id from invitations where token_hash', 'the secret is what names the invitation, to somebody who is no member yet'],
  ['select not c.is_active as inactive', 'a code is good once for a user, whatever account it was for'],
  ['select count(*) as total from audit_logs where $1::uuid is null', 'the log of the whole platform, for those who administer it'],
  [`select ${entry} from audit_logs where $1::uuid is null`, 'the same'],
  [`select ${entry}, before_state, after_state from audit_logs where $1::uuid is null`, 'the same'],
  [
    'select account_id, enabled, created_at from feature_flag_overrides where flag_id',
    'which accounts differ, for those who administer flags',
  ],
  ['with page as ( select id, timestamp, trace_id, method', 'the log of the whole platform, for those who administer it'],
  ['update api_keys set revoked_at = now() where user_id = $1 and', 'access that ends with the first proof of an address, wherever it is'],
  ['delete from invitations where invited_by_user_id = $1', 'the same'],
  ['delete from thread_shares where created_by_user_id = $1', 'the same'],
  ['select r.id, r.account_id from runs r where r.created_by_user_id', 'what a user who is suspended or deleted runs, wherever it is'],
  ['select people.*, made.*, used.*', 'the platform in numbers, for those who administer it'],
  ['with record as (select * from usage_records u where u.recorded_at', 'statistics of the whole platform, for those who administer it'],
];
const flat = (text: string) => text.replace(/\s+/g, ' ').trim();
const exceptionOf = (text: string) => exceptions.find(([start]) => flat(text).startsWith(start));

const [ofHttp, ofResources] = [await declaredBy('http'), await declaredBy('resources')];

test('the tables of accounts are known', () => {
  expect(tenantTables).toEqual(expect.arrayContaining(['memberships', 'projects', 'threads', 'messages', 'runs', 'teams', 'workspaces']));
  expect(tenantTables).not.toContain('users');
});

test('whatever a request can ask names the account of every row it touches', () => {
  const all = [...ofHttp, ...ofResources];
  expect(all.length).toBeGreaterThan(100);
  const wrong = all.filter((text) => !exceptionOf(text)).flatMap((text) => unguarded(text).map((table) => `${table}: ${flat(text)}`));
  expect(wrong).toEqual([]);
});

test('every exception is one, and is still there', () => {
  for (const [start] of exceptions) {
    const text = [...ofHttp, ...ofResources].find((each) => flat(each).startsWith(start));
    expect([start, unguarded(text ?? '').length > 0]).toEqual([start, true]);
  }
});

test('who forgets the account is found out', () => {
  const caught = [
    'select * from threads where id = $1',
    'select account_id from threads where id = $1',
    'select t.* from threads t where t.id = $1 and t.created_by_user_id = $2',
    'update runs set status = $2 where id = $1',
    'delete from projects where id = $1 returning account_id',
    'insert into teams (id, name) values ($1, $2)',
    'select 1 from threads t join projects p on p.id = t.project_id where t.account_id = $1',
    'select (select count(*) from messages m where m.thread_id = t.id) from threads t where t.account_id = $1',
  ];
  for (const text of caught) expect([text, unguarded(text).length]).toEqual([text, 1]);
  const good = [
    'select * from threads where account_id = $1 and id = $2',
    'insert into teams (account_id, id, name) values ($1, $2, $3)',
    'select 1 from threads t join projects p on p.account_id = t.account_id and p.id = t.project_id where t.account_id = $1',
    'delete from llm_providers where account_id is not distinct from $1 and id = $2',
    'select 1 from users where id = $1',
  ];
  for (const text of good) expect([text, unguarded(text)]).toEqual([text, []]);
});
