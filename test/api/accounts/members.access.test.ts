import { expect, test } from 'vitest';
import { type Person, sharedTestApp } from '../../support/app/testApp.ts';
import { duringUncommittedChange } from '../../support/checks/race.ts';
import { openStream, type Stream } from '../../support/http/events.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { sessionCalls } from '../../support/http/sessions.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';
import { inAccount, workspaceCalls } from '../../support/resources/workspaces.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';

useDatabaseClock();

const app = await sharedTestApp({ ARKLOOP_AUTH_ACCESS_TOKEN_TTL_SECONDS: '3' });
const { call, sql, signUp, url } = app;
const { openWorkspace, addMember, endow } = workspaceCalls(app);
const { logIn, refresh, me } = sessionCalls(call);

/** The person with a new token for the account. */
async function withAccountToken(person: Person, accountId: string): Promise<Person> {
  const { cookie } = await logIn(person);
  return { ...person, accountId, token: (await refresh(cookie, inAccount(accountId))).body.access_token };
}
/** Waits for the end of a stream, which must take less than 5 seconds. */
async function endsSoon({ ended }: Stream) {
  const began = Date.now();
  await ended;
  expect(Date.now() - began).toTakeLessThan(5_000);
}
const newToken = async (person: Person) => (await logIn(person)).token;

test('removing a member ends their share links, also one that is being created, and those of others stay', async () => {
  const [owner, member] = [await signUp(), await signUp()];
  const { id } = await openWorkspace({ ...owner, token: await newToken(owner) });
  await addMember({ ...owner, token: await newToken(owner) }, id, { ...member, token: await newToken(member) });
  const shareOf = async (person: Person) => {
    const there = await withAccountToken(person, id);
    const thread = await openThread(app, there);
    return { thread, share: (await share(there, thread)).body.token as string };
  };
  const share = ({ token }: Person, thread: string) => call('POST', `/v1/threads/${thread}:share`, { token, body: { live_update: true } });
  const [{ share: own }, { share: theirs, thread }] = [await shareOf(owner), await shareOf(member)];
  const removal = await call('DELETE', `/v1/accounts/${id}/members/${member.id}`, { token: await newToken(owner) });
  expect(removal.status).toBe(204);
  expect([(await call('GET', `/v1/s/${own}`)).status, (await call('GET', `/v1/s/${theirs}`)).status]).toEqual([200, 404]);
  await sql(`insert into memberships (account_id, user_id, role) values ($1, $2, 'member')`, [id, member.id]);
  const back = await withAccountToken(member, id);
  const end = 'delete from memberships where account_id = $1 and user_id = $2';
  const late = await duringUncommittedChange(app, [[end, [id, member.id]]], () => share(back, thread));
  expect(statusAndReason(late)).toEqual([404, undefined]);
});

test('a stream ends when its reader loses the role it was opened with', async () => {
  const [owner, admin, member] = [await signUp(), await signUp(), await signUp()];
  const { id } = await openWorkspace({ ...owner, token: await newToken(owner) });
  await endow(id);
  await addMember({ ...owner, token: await newToken(owner) }, id, { ...admin, token: await newToken(admin) }, 'admin');
  await addMember({ ...owner, token: await newToken(owner) }, id, { ...member, token: await newToken(member) });
  const there = await withAccountToken(member, id);
  const [thread, [team]] = [
    await openThread(app, there),
    await sql(`insert into teams (account_id, id, name) values ($1, gen_random_uuid(), 'T') returning id`, [id]),
  ];
  await sql('insert into team_members (account_id, team_id, user_id, role) values ($1, $2, $3, $4)', [id, team.id, member.id, 'member']);
  await sql(
    `with p as (
       insert into projects (account_id, id, team_id, owner_user_id, name, visibility) values ($1, gen_random_uuid(), $2, $3, 'P', 'shared') returning id)
     update threads set project_id = p.id from p where account_id = $1 and threads.id = $4`,
    [id, team.id, owner.id, thread],
  );
  const run = await startRun(app, await withAccountToken(member, id), thread);
  const [seen, own] = await Promise.all(
    [admin, member].map(async (person) => openStream(url, run, { token: (await withAccountToken(person, id)).token })),
  );
  for (const stream of [seen!, own!]) await stream.until(({ type }) => type === 'run.started');
  const demotion = { token: await newToken(owner), body: { role: 'member' } };
  expect((await call('PATCH', `/v1/accounts/${id}/members/${admin.id}`, demotion)).status).toBe(200);
  expect((await call('GET', `/v1/runs/${run}`, { token: (await withAccountToken(admin, id)).token })).status).toBe(404);
  await endsSoon(seen!);
  expect(await Promise.race([own!.ended.then(() => 'ended'), new Promise((done) => setTimeout(done, 1_500, 'open'))])).toBe('open');
  own!.close();
});

test('a stream outlives its access token, and ends with the membership', async () => {
  const [owner, member] = [await signUp(), await signUp()];
  const { id } = await openWorkspace({ ...owner, token: await newToken(owner) });
  await endow(id);
  await addMember({ ...owner, token: await newToken(owner) }, id, { ...member, token: await newToken(member) });
  const there = await withAccountToken(member, id);
  const run = await startRun(app, there, await openThread(app, there));
  const stream = await openStream(url, run, { token: there.token });
  await stream.until(({ type }) => type === 'run.started');
  const soon = (ms: number, what: string) => new Promise((done) => setTimeout(done, ms, what));
  expect(await Promise.race([stream.ended.then(() => 'ended'), soon(4_000, 'open')])).toBe('open');
  expect(statusAndReason(await me(there.token))).toEqual([401, 'token_expired']);
  expect((await call('DELETE', `/v1/accounts/${id}/members/${member.id}`, { token: await newToken(owner) })).status).toBe(204);
  await endsSoon(stream);
});

test('a stream ends when its account begins to require a second factor that its reader lacks', async () => {
  const [owner, member] = [await signUp(), await signUp()];
  const { id } = await openWorkspace({ ...owner, token: await newToken(owner) });
  await endow(id);
  await addMember({ ...owner, token: await newToken(owner) }, id, { ...member, token: await newToken(member) });
  const there = await withAccountToken(member, id);
  const run = await startRun(app, there, await openThread(app, there));
  const stream = await openStream(url, run, { token: there.token });
  await stream.until(({ type }) => type === 'run.started');
  const body = { second_factor_required_from: new Date().toISOString() };
  expect((await call('PATCH', `/v1/accounts/${id}`, { token: await newToken(owner), body })).status).toBe(200);
  await endsSoon(stream);
});
