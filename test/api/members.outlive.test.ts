import { expect, test } from 'vitest';
import { openThread, startRun } from '../setup/conversation.ts';
import { openStream } from '../setup/events.ts';
import { reason, sessionCalls } from '../setup/sessions.ts';
import { inAccount, workspaceCalls } from '../setup/workspaces.ts';
import { type Person, startWorld } from '../setup/world.ts';

const world = await startWorld({ ARKLOOP_AUTH_ACCESS_TOKEN_TTL_SECONDS: '2' }, { worker: false });
const { call, sql, signUp, url } = world;
const { openWorkspace, bringIn, endow } = workspaceCalls(world);
const { logIn, refresh, me } = sessionCalls(call);

/** The person with a fresh token in an account. */
async function inside(person: Person, accountId: string): Promise<Person> {
  const { cookie } = await logIn(person);
  return { ...person, accountId, token: (await refresh(cookie, inAccount(accountId))).body.access_token };
}
const fresh = async (person: Person) => (await logIn(person)).token;

test('share links of a member end with the membership, those of others stay', async () => {
  const [owner, member] = [await signUp(), await signUp()];
  const { id } = await openWorkspace({ ...owner, token: await fresh(owner) });
  await bringIn({ ...owner, token: await fresh(owner) }, id, { ...member, token: await fresh(member) });
  const shareOf = async (person: Person) => {
    const there = await inside(person, id);
    const thread = await openThread(world, there);
    const made = await call('POST', `/v1/threads/${thread}:share`, { token: there.token, body: { live_update: true } });
    return made.body.token as string;
  };
  const [own, theirs] = [await shareOf(owner), await shareOf(member)];
  const removal = await call('DELETE', `/v1/accounts/${id}/members/${member.id}`, { token: await fresh(owner) });
  expect(removal.status).toBe(204);
  expect([(await call('GET', `/v1/s/${own}`)).status, (await call('GET', `/v1/s/${theirs}`)).status]).toEqual([200, 404]);
});

test('a stream ends with the role that it was opened with', async () => {
  const [owner, admin, member] = [await signUp(), await signUp(), await signUp()];
  const { id } = await openWorkspace({ ...owner, token: await fresh(owner) });
  await endow(id);
  await bringIn({ ...owner, token: await fresh(owner) }, id, { ...admin, token: await fresh(admin) }, 'admin');
  await bringIn({ ...owner, token: await fresh(owner) }, id, { ...member, token: await fresh(member) });
  const there = await inside(member, id);
  const [thread, [team]] = [
    await openThread(world, there),
    await sql(`insert into teams (account_id, id, name) values ($1, gen_random_uuid(), 'T') returning id`, [id]),
  ];
  await sql('insert into team_members (account_id, team_id, user_id, role) values ($1, $2, $3, $4)', [id, team.id, member.id, 'member']);
  await sql(
    `with p as (
       insert into projects (account_id, id, team_id, owner_user_id, name, visibility) values ($1, gen_random_uuid(), $2, $3, 'P', 'shared') returning id)
     update threads set project_id = p.id from p where account_id = $1 and threads.id = $4`,
    [id, team.id, owner.id, thread],
  );
  const run = await startRun(world, await inside(member, id), thread);
  const [seen, own] = await Promise.all(
    [admin, member].map(async (person) => openStream(url, run, { token: (await inside(person, id)).token })),
  );
  for (const stream of [seen!, own!]) await stream.until(({ type }) => type === 'run.started');
  const demotion = { token: await fresh(owner), body: { role: 'member' } };
  expect((await call('PATCH', `/v1/accounts/${id}/members/${admin.id}`, demotion)).status).toBe(200);
  expect((await call('GET', `/v1/runs/${run}`, { token: (await inside(admin, id)).token })).status).toBe(404);
  const late = new Promise((done) => setTimeout(done, 5_000, 'late'));
  expect(await Promise.race([seen!.ended.then(() => 'ended'), late])).toBe('ended');
  expect(await Promise.race([own!.ended.then(() => 'ended'), new Promise((done) => setTimeout(done, 1_500, 'open'))])).toBe('open');
  own!.close();
});

test('a stream whose access token has expired goes on, and ends with the membership', async () => {
  const [owner, member] = [await signUp(), await signUp()];
  const { id } = await openWorkspace({ ...owner, token: await fresh(owner) });
  await endow(id);
  await bringIn({ ...owner, token: await fresh(owner) }, id, { ...member, token: await fresh(member) });
  const there = await inside(member, id);
  const run = await startRun(world, there, await openThread(world, there));
  const stream = await openStream(url, run, { token: there.token });
  await stream.until(({ type }) => type === 'run.started');
  const soon = (ms: number, what: string) => new Promise((done) => setTimeout(done, ms, what));
  expect(await Promise.race([stream.ended.then(() => 'ended'), soon(4_000, 'open')])).toBe('open');
  expect(reason(await me(there.token))).toEqual([401, 'token_expired']);
  expect((await call('DELETE', `/v1/accounts/${id}/members/${member.id}`, { token: await fresh(owner) })).status).toBe(204);
  expect(await Promise.race([stream.ended.then(() => 'ended'), soon(5_000, 'late')])).toBe('ended');
});
