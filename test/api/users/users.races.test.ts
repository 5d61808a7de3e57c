import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import { type Answer, type Person, startTestApp } from '../../support/app/testApp.ts';
import { concurrently, duringUncommittedChange, rowCounter, tally } from '../../support/checks/race.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { sessionCalls } from '../../support/http/sessions.ts';
import { adminCalls } from '../../support/resources/adminCalls.ts';
import { openThread } from '../../support/resources/conversation.ts';
import { workspaceCalls } from '../../support/resources/workspaces.ts';

const app = await startTestApp({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0' }, { worker: false });
const { call, sql, signUp, promote } = app;
const { openWorkspace, invite, accept, verified } = workspaceCalls(app);
const { refresh, logIn } = sessionCalls(call);
const count = rowCounter(app);
const platformAdmin = await signUp();
beforeAll(() => promote(platformAdmin));
const { suspend, activate, remove } = adminCalls(app, platformAdmin);
const rounds = 5;

const post = ({ token }: Person, path: string, body: unknown = {}) => call('POST', path, { token, body });
const openRuns = ({ id }: Person) => count(`runs where created_by_user_id = $1 and status in ('running', 'waiting_for_input')`, [id]);

const duringChange = ({ id }: Person, status: string, act: () => Promise<Answer>) =>
  duringUncommittedChange(app, [['update users set status = $2 where id = $1', [id, status]]], act);

test('requests that wait on the lock of a user being suspended or deleted are rejected', async () => {
  for (const status of ['suspended', 'deleted']) {
    const [host, person] = [await signUp(), await signUp()];
    const { id: workspace } = await openWorkspace(host);
    const { token: secret } = await invite(host, workspace, person.email);
    const thread = await openThread(app, person);
    const key = (await post(person, '/v1/api-keys', { name: 'k' })).body.key as string;
    const back = () => sql(`update users set status = 'active' where id = $1`, [person.id]);
    const acts: [string, () => Promise<Answer>, (number | string)[]][] = [
      ['run', () => post(person, `/v1/threads/${thread}/runs`), [401, 'session_revoked']],
      ['run by key', () => call('POST', `/v1/threads/${thread}/runs`, { token: key, body: {} }), [401, 'invalid_token']],
      ['workspace', () => post(person, '/v1/accounts', { slug: `late-${status}`, name: 'Late' }), [401, 'session_revoked']],
      ['accept', () => accept(person, secret), [401, 'session_revoked']],
      ['sign-in', async () => (await logIn(person)).answer, [403, 'user_suspended']],
    ];
    for (const [name, act, refusal] of acts) {
      expect([name, statusAndReason(await duringChange(person, status, act))]).toEqual([name, refusal]);
      await back();
    }
    expect(await count('runs where created_by_user_id = $1', [person.id])).toBe(0);
    expect(await count(`graphile_worker.jobs where task_identifier = 'run.execute'`)).toBe(0);
    expect(await count('memberships where user_id = $1', [person.id])).toBe(1);
    expect(await count('sessions where user_id = $1', [person.id])).toBe(1);
    expect(await sql('select accepted_at from invitations where account_id = $1', [workspace])).toEqual([{ accepted_at: null }]);
  }
});

test('no run started during the suspension of its user stays open', async () => {
  for (let round = 0; round < rounds; round++) {
    const person = await signUp();
    const ids = await concurrently(4, () => openThread(app, person));
    const starting = ids.map((id) => post(person, `/v1/threads/${id}/runs`));
    await sleep(round * 2);
    expect((await suspend(person.id)).status).toBe(200);
    const outcome = tally(await Promise.all(starting));
    expect(Object.keys(outcome).filter((kind) => !['201', '401 session_revoked'].includes(kind))).toEqual([]);
    expect([outcome, await openRuns(person)]).toEqual([outcome, 0]);
  }
});

test('a session created during a suspension is revoked, and stays revoked after reactivation', async () => {
  for (let round = 0; round < rounds; round++) {
    const person = await signUp();
    const acting = [logIn(person).then(({ answer }) => answer), refresh(person.cookie), logIn(person).then(({ answer }) => answer)];
    await sleep(round * 5);
    expect((await suspend(person.id)).status).toBe(200);
    await Promise.all(acting);
    expect(await count('sessions where user_id = $1 and revoked_at is null', [person.id])).toBe(0);
    await activate(person.id);
    for (const answer of await Promise.all(acting))
      if (answer.status === 200) expect((await call('GET', '/v1/me', { token: answer.body.access_token })).status).toBe(401);
  }
});

test('joining and creating during a deletion leaves no rows behind', async () => {
  for (let round = 0; round < rounds; round++) {
    const [host, person] = [await signUp(), await signUp()];
    const { id: workspace } = await openWorkspace(host);
    const { token } = await invite(host, workspace, (await verified(person)).email, 'admin');
    const threads = await concurrently(2, () => openThread(app, person));
    const acting = [
      accept(person, token),
      post(person, '/v1/accounts', { slug: `late-${round}`, name: 'Late' }),
      post(person, '/v1/api-keys', { name: 'late' }),
      logIn(person).then(({ answer }) => answer),
      call('POST', '/v1/auth/logout', { token: person.token, body: { all: true } }),
      ...threads.map((id) => post(person, `/v1/threads/${id}/runs`)),
    ];
    await sleep(round * 3);
    expect((await remove(person.id)).status).toBe(204);
    expect(Math.max(...(await Promise.all(acting)).map(({ status }) => status))).toBeLessThan(500);
    const left = {
      memberships: await count('memberships where user_id = $1', [person.id]),
      keys: await count('api_keys where user_id = $1 and revoked_at is null', [person.id]),
      sessions: await count('sessions where user_id = $1 and revoked_at is null', [person.id]),
      accounts: await count('accounts where owner_user_id = $1 and deleted_at is null', [person.id]),
      runs: await openRuns(person),
    };
    expect(left).toEqual({ memberships: 0, keys: 0, sessions: 0, accounts: 0, runs: 0 });
  }
});

test('a workspace keeps an admin when both of its admins are deleted at once', async () => {
  for (let round = 0; round < rounds; round++) {
    const [first, second, member] = [await signUp(), await signUp(), await signUp()];
    const { id: workspace } = await openWorkspace(first);
    await app.joinAccount(second, { ...first, accountId: workspace }, 'admin');
    await app.joinAccount(member, { ...first, accountId: workspace });
    const leaving = call('DELETE', `/v1/accounts/${workspace}/members/${first.id}`, { token: first.token });
    const answers = await Promise.all([remove(first.id), remove(second.id), leaving]);
    const outcome = { answers: answers.map((answer) => statusAndReason(answer).join(' ')) };
    expect(answers.map(({ status }) => status).filter((status) => ![204, 401, 404, 409].includes(status))).toEqual([]);
    expect({ ...outcome, admins: await count(`memberships where account_id = $1 and role = 'admin'`, [workspace]) }).toEqual({
      ...outcome,
      admins: 1,
    });
  }
});
