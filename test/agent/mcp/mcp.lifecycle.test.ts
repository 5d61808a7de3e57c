import { expect, test } from 'vitest';
import { addMcpConfig, callToolText, isAlive, openMcp, scriptedServer } from '../../support/agent/mcp.ts';
import { type Person, sharedTestApp } from '../../support/app/testApp.ts';
import { eventually } from '../../support/resources/conversation.ts';
import { holdTimers } from '../../support/timers/heldTimers.ts';

const app = await sharedTestApp();
const mcp = await openMcp(app);
const person = await app.signUp();
await app.promote(person);

const run = { account_id: person.accountId };
let count = 0;

/** Adds a stdio server and starts its process. */
async function begin(script = {}, by = mcp) {
  const name = `s${++count}`;
  const { id } = await addMcpConfig(app, person, scriptedServer(name, script));
  const { tools } = await by.tools(run);
  const call = (tool: string, args: object = {}, signal?: AbortSignal) => callToolText(tools, `mcp__${name}__${tool}`, args, signal);
  return { id, call, pid: Number(await call('pid')) };
}
const patch = (id: string, body: object, who: Person = person) => app.call('PATCH', `/v1/mcp-configs/${id}`, { token: who.token, body });
const remove = (id: string) => app.call('DELETE', `/v1/mcp-configs/${id}`, { token: person.token });
const gone = (pid: number) => eventually(async () => !isAlive(pid), `the end of ${pid}`, 4_000);

test.each([
  ['changed', (id: string) => patch(id, { call_timeout_ms: 6_000 })],
  ['switched off', (id: string) => patch(id, { is_active: false })],
  ['removed', remove],
])('a busy process and its children are terminated when the server is %s', async (what, act) => {
  const [server, neighbour] = [await begin({ stubborn: true }), await begin()];
  const child = Number(await server.call('child'));
  const hanging = server.call('hang').catch(({ errorClass }) => errorClass);
  await eventually(async () => (await server.call('hung')) === '1', 'the arrival of the call');
  const others = neighbour.call('late', { ms: 400 });
  await act(server.id);
  await Promise.all([gone(server.pid), gone(child)]);
  expect(await hanging).toBe('mcp.disconnected');
  expect(await others).toBe('late');
  expect(Number(await neighbour.call('pid'))).toBe(neighbour.pid);
  // A run that began before the change uses the current configuration.
  if (what === 'changed') expect(Number(await server.call('pid'))).not.toBe(server.pid);
  else await expect(server.call('pid')).rejects.toMatchObject({ errorClass: 'mcp.disconnected' });
});

test('a change missed while disconnected from the database is applied after the reconnect', async () => {
  const server = await begin();
  await app.sql(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'arkloop channel'`);
  await app.sql('update mcp_configs set is_active = false, revision = revision + 1 where id = $1', [server.id]);
  await gone(server.pid);
});

test('concurrent runs share one process', async () => {
  const { id, call, pid } = await begin();
  await patch(id, { name: 'shared' });
  await gone(pid);
  const runs = await Promise.all(Array.from({ length: 10 }, () => mcp.tools(run)));
  const pids = await Promise.all(runs.map(({ tools }) => callToolText(tools, 'mcp__shared__pid')));
  expect(new Set([...pids, await call('pid')]).size).toBe(1);
});

test('an idle process is terminated and started again on demand', async () => {
  const idleMs = 314_159;
  const idle = holdTimers(idleMs);
  const hasty = await openMcp(app, { idleMs });
  const { call, pid } = await begin({}, hasty);
  // The account's other servers are idle too.
  const all = idle.running();
  for (let asked = 0; asked < 5; asked++) {
    const before = idle.started();
    expect(Number(await call('pid'))).toBe(pid);
    expect([idle.started() - before, idle.running()]).toEqual([1, all]);
  }
  const cancel = new AbortController();
  const hung = expect(call('hang', {}, cancel.signal)).rejects.toThrow('enough');
  await expect.poll(idle.running).toBe(all - 1);
  cancel.abort(new Error('enough'));
  await hung;
  await expect.poll(idle.running).toBe(all);
  expect(isAlive(pid)).toBe(true);
  idle.pass();
  await gone(pid);
  expect(Number(await call('pid'))).not.toBe(pid);
});

test('closing the pool terminates all processes, including those still starting', async () => {
  const own = await openMcp(app);
  const { call, pid } = await begin({ stubborn: true }, own);
  await addMcpConfig(app, person, scriptedServer('never ready', { begin: 'nothing' }, { call_timeout_ms: 60_000 }));
  const finding = own.tools(run);
  const child = Number(await call('child'));
  await own.close();
  expect(isAlive(pid)).toBe(false);
  // Killed too, but the init process may need a moment to reap it.
  await gone(child);
  expect((await finding).steps).toMatchObject([{ data: { status: 'failed' } }]);
  await expect(call('echo')).rejects.toMatchObject({ errorClass: 'mcp.disconnected' });
});
