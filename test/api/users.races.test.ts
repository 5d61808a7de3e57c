import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import { adminCalls } from '../setup/adminCalls.ts';
import { openThread } from '../setup/conversation.ts';
import { atOnce, counter, tally, whileChanging } from '../setup/race.ts';
import { reason, sessionCalls } from '../setup/sessions.ts';
import { workspaceCalls } from '../setup/workspaces.ts';
import { type Answer, type Person, startWorld } from '../setup/world.ts';

const world = await startWorld({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0' }, { worker: false });
const { call, sql, signUp, promote } = world;
const { openWorkspace, invite, accept, verified } = workspaceCalls(world);
const { refresh, logIn } = sessionCalls(call);
const count = counter(world);
const chief = await signUp();
beforeAll(() => promote(chief));
const { suspend, activate, remove } = adminCalls(world, chief);
const rounds = 5;

const post = ({ token }: Person, path: string, body: unknown = {}) => call('POST', path, { token, body });
const openRuns = ({ id }: Person) => count(`runs where created_by_user_id = $1 and status in ('running', 'waiting_for_input')`, [id]);

const duringChange = ({ id }: Person, status: string, act: () => Promise<Answer>) =>
  whileChanging(world, [['update users set status = $2 where id = $1', [id, status]]], act);

test('whatever waits for the end of a suspension or deletion does not happen', async () => {
  for (const status of ['suspended', 'deleted']) {
    const [host, person] = [await signUp(), await signUp()];
    const { id: workspace } = await openWorkspace(host);
    const { token: secret } = await invite(host, workspace, person.email);
    const thread = await openThread(world, person);
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
      expect([name, reason(await duringChange(person, status, act))]).toEqual([name, refusal]);
      await back();
    }
    expect(await count('runs where created_by_user_id = $1', [person.id])).toBe(0);
    expect(await count(`graphile_worker.jobs where task_identifier = 'run.execute'`)).toBe(0);
    expect(await count('memberships where user_id = $1', [person.id])).toBe(1);
    expect(await count('sessions where user_id = $1', [person.id])).toBe(1);
    expect(await sql('select accepted_at from invitations where account_id = $1', [workspace])).toEqual([{ accepted_at: null }]);
  }
});

test('no run goes on that was started while its user was suspended', async () => {
  for (let round = 0; round < rounds; round++) {
    const person = await signUp();
    const ids = await atOnce(4, () => openThread(world, person));
    const starting = ids.map((id) => post(person, `/v1/threads/${id}/runs`));
    await sleep(round * 2);
    expect((await suspend(person.id)).status).toBe(200);
    const outcome = tally(await Promise.all(starting));
    expect(Object.keys(outcome).filter((kind) => !['201', '401 session_revoked'].includes(kind))).toEqual([]);
    expect([outcome, await openRuns(person)]).toEqual([outcome, 0]);
  }
});

test('no session is left of who signs in or refreshes while he is suspended, nor comes back with him', async () => {
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

test('nothing is left of who joins, opens and starts things while he is deleted', async () => {
  for (let round = 0; round < rounds; round++) {
    const [host, person] = [await signUp(), await signUp()];
    const { id: workspace } = await openWorkspace(host);
    const { token } = await invite(host, workspace, (await verified(person)).email, 'admin');
    const threads = await atOnce(2, () => openThread(world, person));
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

test('a workspace keeps an admin, also when both of its admins are deleted at once', async () => {
  for (let round = 0; round < rounds; round++) {
    const [first, second, member] = [await signUp(), await signUp(), await signUp()];
    const { id: workspace } = await openWorkspace(first);
    await world.join(second, { ...first, accountId: workspace }, 'admin');
    await world.join(member, { ...first, accountId: workspace });
    const leaving = call('DELETE', `/v1/accounts/${workspace}/members/${first.id}`, { token: first.token });
    const answers = await Promise.all([remove(first.id), remove(second.id), leaving]);
    const outcome = { answers: answers.map((answer) => reason(answer).join(' ')) };
    expect(answers.map(({ status }) => status).filter((status) => ![204, 401, 404, 409].includes(status))).toEqual([]);
    expect({ ...outcome, admins: await count(`memberships where account_id = $1 and role = 'admin'`, [workspace]) }).toEqual({
      ...outcome,
      admins: 1,
    });
  }
});
