import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { type Person, sharedTestApp } from '../../support/app/testApp.ts';
import { concurrently, expectOne, tally } from '../../support/checks/race.ts';
import { issuesOf, statusAndReason } from '../../support/http/responses.ts';

// A trusted proxy sets the client IP address, so that tests can choose it.
const app = await sharedTestApp({ ARKLOOP_TRUST_X_FORWARDED_FOR: '1' });
const { call, sql, signUp, promote, joinAccount } = app;
const platformAdmin = await signUp();
await promote(platformAdmin);

const ownIp = '198.51.100.7';
const from = (ip: string) => ({ 'x-forwarded-for': ip });
const add = (by: Person, type: string, cidr: unknown, { query = '', ip = ownIp, ...more }: Record<string, unknown> = {}) =>
  call('POST', `/v1/ip-rules${query}`, { token: by.token, headers: from(ip as string), body: { type, cidr, ...more } });
const list = async (by: Person, query = '', ip = ownIp) => call('GET', `/v1/ip-rules${query}`, { token: by.token, headers: from(ip) });
const remove = (by: Person, id: string, query = '', ip = ownIp) =>
  call('DELETE', `/v1/ip-rules/${id}${query}`, { token: by.token, headers: from(ip) });
const readProfileFrom = async (by: Person, ip = ownIp) =>
  statusAndReason(await call('GET', '/v1/me', { token: by.token, headers: from(ip) }));
const audits = (accountId: string) =>
  sql(
    `select action, target_type, target_id, account_id, actor_user_id, ip_address, before_state, after_state from audit_logs
     where account_id = $1 and action like 'ip_rule.%' order by created_at, id`,
    [accountId],
  );

test('a rule is added, listed and deleted, and each change is audited', async () => {
  const owner = await signUp();
  const { status, body: rule } = await add(owner, 'blocklist', '203.0.113.0/24', { note: 'Noise' });
  expect([status, rule]).toEqual([
    201,
    {
      id: expect.any(String),
      account_id: owner.accountId,
      type: 'blocklist',
      cidr: '203.0.113.0/24',
      note: 'Noise',
      created_at: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
    },
  ]);
  const second = (await add(owner, 'blocklist', '2001:db8::/32')).body;
  expect(second.note).toBeNull();
  expect((await list(owner)).body).toEqual([second, rule]);
  const page = await list(owner, '?limit=1');
  expect([page.body, page.headers.get('x-next-cursor')]).toEqual([[second], expect.any(String)]);
  const removed = await remove(owner, rule.id);
  expect([removed.status, removed.text]).toEqual([204, '']);
  expect((await list(owner)).body).toEqual([second]);
  const common = { target_type: 'ip_rule', account_id: owner.accountId, actor_user_id: owner.id, ip_address: ownIp };
  expect(await audits(owner.accountId)).toEqual([
    { ...common, action: 'ip_rule.create', target_id: rule.id, before_state: null, after_state: rule },
    { ...common, action: 'ip_rule.create', target_id: second.id, before_state: null, after_state: second },
    { ...common, action: 'ip_rule.delete', target_id: rule.id, before_state: rule, after_state: null },
  ]);
});

test.for([
  ['10.0.0.5/8', '10.0.0.0/8'],
  ['10.1.2.3/32', '10.1.2.3/32'],
  ['192.0.2.255/25', '192.0.2.128/25'],
  ['2001:DB8:0:0::ffff/33', '2001:db8::/33'],
  ['2001:db8::1/128', '2001:db8::1/128'],
  ['::ffff:10.9.9.9/104', '10.0.0.0/8'],
  ['::ffff:0a09:0909/128', '10.9.9.9/32'],
  // Not an IPv4-mapped address.
  ['::10.9.9.9/104', '::10.0.0.0/104'],
] as const)('%s is stored as %s', async ([written, network]) => {
  const owner = await signUp();
  const { status, body } = await add(owner, 'blocklist', written);
  expect([status, body.cidr]).toEqual([201, network]);
  expect(statusAndReason(await add(owner, 'blocklist', network))).toEqual([409, 'rule_exists']);
});

test('invalid networks, types and notes are rejected, and nothing is stored', async () => {
  const owner = await signUp();
  const bad = [
    '10.0.0.0',
    '300.0.0.0/8',
    '::/129',
    '',
    '10.0.0.0/33',
    '::/64.5',
    '10.0.0.0/-1',
    '10.0.0.0/08',
    '10/8',
    '0x0a.0.0.0/8',
    '010.0.0.0/8',
    '10.0.0.0/8/8',
    ' 10.0.0.0/8',
    '10.0.0.0/8\n',
    'fe80::1%eth0/64',
    '[::1]/128',
    '1::2::3/64',
    'localhost/8',
    '١٠.0.0.0/8',
    8,
    null,
    ['10.0.0.0/8'],
  ];
  for (const cidr of bad) expect([cidr, issuesOf(await add(owner, 'blocklist', cidr))]).toEqual([cidr, [400, [['body', '/cidr']]]]);
  expect(issuesOf(await add(owner, 'whitelist', '192.0.2.0/24'))).toEqual([400, [['body', '/type']]]);
  expect(issuesOf(await add(owner, 'blocklist', '192.0.2.0/24', { note: 'é'.repeat(201) }))).toEqual([400, [['body', '/note']]]);
  expect(issuesOf(await add(owner, 'blocklist', '192.0.2.0/24', { query: '?force=maybe' }))).toEqual([400, [['query', 'force']]]);
  expect((await add(owner, 'blocklist', '192.0.2.0/24', { note: '😀'.repeat(200) })).status).toBe(201);
  expect([
    await sql('select network from ip_rules where account_id = $1', [owner.accountId]),
    (await audits(owner.accountId)).length,
  ]).toEqual([[{ network: '192.0.2.0/24' }], 1]);
});

test('a network is unique per account and list', async () => {
  const [owner, other] = [await signUp(), await signUp()];
  expectOne(await concurrently(8, (at) => add(owner, 'blocklist', `192.0.2.${at}/24`)), '201', '409 rule_exists');
  expect((await add(other, 'blocklist', '192.0.2.0/24')).status).toBe(201);
  expect((await add(owner, 'allowlist', '192.0.2.0/24', { query: '?force=1' })).status).toBe(201);
});

test('an account has at most 200 rules, also when many are added at once', async () => {
  const owner = await signUp();
  await sql(
    `insert into ip_rules (account_id, id, type, network) select $1, gen_random_uuid(), 'blocklist', set_masklen('10.0.0.0'::inet + n, 32)
     from generate_series(1, 197) n`,
    [owner.accountId],
  );
  const answers = await concurrently(8, (at) => add(owner, 'blocklist', `192.0.2.${at}/32`));
  expect(tally(answers)).toEqual({ '201': 3, '409 rule_limit': 5 });
  // A duplicate is reported before the limit.
  expect(statusAndReason(await add(owner, 'blocklist', '10.0.0.1/32'))).toEqual([409, 'rule_exists']);
  expect((await remove(owner, answers.find(({ status }) => status === 201)!.body.id)).status).toBe(204);
  expect((await add(owner, 'blocklist', '192.0.2.200/32')).status).toBe(201);
});

test.for([
  ['203.0.113.9, 198.51.100.7, 127.0.0.1', '198.51.100.7'],
  ['203.0.113.9, unix:', '127.0.0.1'],
  ['203.0.113.9, unknown, 127.0.0.1', '127.0.0.1'],
] as const)('of a chain of proxies %s, the address is %s', async ([chain, address]) => {
  const lockOut = await add(await signUp(), 'allowlist', '192.0.2.0/24', { ip: chain });
  expect([lockOut.status, lockOut.body.details.client_ip]).toEqual([409, address]);
});

test('a rule that locks out the caller is rejected without force, and a platform admin can delete it', async () => {
  const owner = await signUp();
  const lockOut = await add(owner, 'allowlist', '10.0.0.0/8');
  expect([lockOut.status, lockOut.body.details]).toEqual([409, { reason: 'would_lock_out_caller', client_ip: ownIp }]);
  for (const cidr of ['0.0.0.0/0', '198.51.100.7/32', '::ffff:198.51.100.0/120'])
    expect(statusAndReason(await add(owner, 'blocklist', cidr))).toEqual([409, 'would_lock_out_caller']);
  expect((await add(owner, 'blocklist', '::/0')).status).toBe(201);
  expect([(await list(owner)).body.length, (await audits(owner.accountId)).length, await readProfileFrom(owner)]).toEqual([
    1,
    1,
    [200, undefined],
  ]);

  const { status, body: rule } = await add(owner, 'allowlist', '10.0.0.0/8', { query: '?force=true' });
  expect([status, await readProfileFrom(owner)]).toEqual([201, [403, 'ip_blocked']]);
  expect(statusAndReason(await remove(owner, rule.id, '?force=true'))).toEqual([403, 'ip_blocked']);
  const other = `?account_id=${owner.accountId}`;
  expect((await list(platformAdmin, other)).body.map(({ id }: { id: string }) => id)).toContain(rule.id);
  expect((await remove(platformAdmin, rule.id)).status).toBe(404);
  // The account's rules do not apply to the platform admin.
  expect((await remove(platformAdmin, rule.id, other, '203.0.113.99')).status).toBe(204);
  expect(await readProfileFrom(owner)).toEqual([200, undefined]);
  expect((await audits(owner.accountId)).at(-1)).toMatchObject({
    action: 'ip_rule.delete',
    target_id: rule.id,
    actor_user_id: platformAdmin.id,
  });
});

test('deleting the rule that admits the caller requires force, unless it is the last one', async () => {
  const owner = await signUp();
  const mine = (await add(owner, 'allowlist', '198.51.100.0/24')).body;
  const other = (await add(owner, 'allowlist', '10.0.0.0/8')).body;
  expect(statusAndReason(await remove(owner, mine.id))).toEqual([409, 'would_lock_out_caller']);
  expect((await list(owner)).body).toHaveLength(2);
  expect((await remove(owner, other.id)).status).toBe(204);
  expect((await remove(owner, mine.id)).status).toBe(204);
  expect(await readProfileFrom(owner, '192.0.2.1')).toEqual([200, undefined]);
});

test('of two parallel deletions of the rules that admit the caller, one is rejected', async () => {
  const owner = await signUp();
  await add(owner, 'allowlist', `${ownIp}/32`);
  await add(owner, 'allowlist', '10.0.0.0/8');
  for (let round = 0; round < 10; round++) {
    const half = (await add(owner, 'allowlist', '198.51.100.0/25')).body.id;
    const whole = (await list(owner)).body.find(({ cidr }: { cidr: string }) => cidr === `${ownIp}/32`).id;
    expectOne(await concurrently(2, (at) => remove(owner, [half, whole][at]!)), '204', '409 would_lock_out_caller');
    await add(owner, 'allowlist', `${ownIp}/32`);
    const rest = (await list(owner)).body.find(({ cidr }: { cidr: string }) => cidr === '198.51.100.0/25');
    if (rest) await remove(owner, rest.id);
  }
});

test('of parallel deletions exactly one succeeds', async () => {
  const owner = await signUp();
  for (let round = 0; round < 10; round++) {
    const { id } = (await add(owner, 'blocklist', '192.0.2.0/24')).body;
    expectOne(await concurrently(2, () => remove(owner, id)), '204', '404');
  }
  expect((await audits(owner.accountId)).filter(({ action }) => action === 'ip_rule.delete')).toHaveLength(10);
});

test('rules require the permission, and those of another account return 404', async () => {
  const [owner, member, stranger] = [await signUp(), await signUp(), await signUp()];
  await joinAccount(member, owner, 'member');
  const headers = { 'x-account-id': owner.accountId };
  const { id } = (await add(owner, 'blocklist', '192.0.2.0/24')).body;
  const lacks = [403, 'missing_permission'];
  expect(statusAndReason(await call('GET', '/v1/ip-rules', { token: member.token, headers }))).toEqual(lacks);
  expect(statusAndReason(await call('POST', '/v1/ip-rules', { token: member.token, headers, body: {} }))).toEqual(lacks);
  expect(statusAndReason(await call('DELETE', `/v1/ip-rules/${id}`, { token: member.token, headers }))).toEqual(lacks);
  const { key } = (await call('POST', '/v1/api-keys', { token: owner.token, body: { name: 'k' } })).body;
  expect(statusAndReason(await call('GET', '/v1/ip-rules', { token: key }))).toEqual([403, 'api_key_not_allowed']);
  expect((await remove(stranger, id)).status).toBe(404);
  for (const answer of [
    await list(stranger, `?account_id=${owner.accountId}`),
    await remove(stranger, id, `?account_id=${owner.accountId}`),
  ])
    expect([answer.status, answer.body.details]).toEqual([404, {}]);
  expect((await list(owner, `?account_id=${owner.accountId}`)).body).toHaveLength(1);
  expect(statusAndReason(await list(platformAdmin, `?account_id=${randomUUID()}`))).toEqual([404, 'account_not_found']);
  expect(issuesOf(await list(platformAdmin, '?account_id=mine'))).toEqual([400, [['query', 'account_id']]]);
});
