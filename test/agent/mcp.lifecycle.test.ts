import { expect, test } from 'vitest';
import { eventually } from '../setup/conversation.ts';
import { addConfig, alive, openMcp, scripted, use } from '../setup/mcp.ts';
import { type Person, startWorld } from '../setup/world.ts';

const world = await startWorld({}, { worker: false });
const mcp = await openMcp(world);
const person = await world.signUp();
await world.promote(person);

const run = { account_id: person.accountId };
let count = 0;

/** Adds a server and starts its program. */
async function begin(script = {}, by = mcp) {
  const name = `s${++count}`;
  const { id } = await addConfig(world, person, scripted(name, script));
  const { tools } = await by.tools(run);
  const call = (tool: string, args: object = {}) => use(tools, `mcp__${name}__${tool}`, args);
  return { id, call, pid: Number(await call('pid')) };
}
const patch = (id: string, body: object, who: Person = person) => world.call('PATCH', `/v1/mcp-configs/${id}`, { token: who.token, body });
const remove = (id: string) => world.call('DELETE', `/v1/mcp-configs/${id}`, { token: person.token });
const gone = (pid: number) => eventually(async () => !alive(pid), `the end of ${pid}`, 4_000);

test.each([
  ['changed', (id: string) => patch(id, { call_timeout_ms: 6_000 })],
  ['switched off', (id: string) => patch(id, { is_active: false })],
  ['removed', remove],
])('a program is ended with all that it started when its server is %s, whatever it is doing', async (what, act) => {
  const [server, neighbour] = [await begin({ stubborn: true }), await begin()];
  const child = Number(await server.call('child'));
  const hanging = server.call('hang').catch(({ errorClass }) => errorClass);
  const others = neighbour.call('late', { ms: 400 });
  await act(server.id);
  await Promise.all([gone(server.pid), gone(child)]);
  expect(await hanging).toBe('mcp.disconnected');
  expect(await others).toBe('late');
  expect(Number(await neighbour.call('pid'))).toBe(neighbour.pid);
  // A run that began before goes on with what is in force now.
  if (what === 'changed') expect(Number(await server.call('pid'))).not.toBe(server.pid);
  else await expect(server.call('pid')).rejects.toMatchObject({ errorClass: 'mcp.disconnected' });
});

test('a change that was told of while nobody could hear is made up for', async () => {
  const server = await begin();
  await world.sql(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'arkloop channel'`);
  await world.sql('update mcp_configs set is_active = false, revision = revision + 1 where id = $1', [server.id]);
  await gone(server.pid);
});

test('there is one process, however many runs need it at once', async () => {
  const { id, call, pid } = await begin();
  await patch(id, { name: 'shared' });
  await gone(pid);
  const runs = await Promise.all(Array.from({ length: 10 }, () => mcp.tools(run)));
  const pids = await Promise.all(runs.map(({ tools }) => use(tools, 'mcp__shared__pid')));
  expect(new Set([...pids, await call('pid')]).size).toBe(1);
});

test('what is not used for a while is ended, and started again when it is needed', async () => {
  const hasty = await openMcp(world, { idleMs: 300 });
  const { call, pid } = await begin({}, hasty);
  for (let asked = 0; asked < 5; asked++) {
    await new Promise((done) => setTimeout(done, 100));
    expect(Number(await call('pid'))).toBe(pid);
  }
  expect(await call('late', { ms: 600 })).toBe('late');
  expect(alive(pid)).toBe(true);
  await gone(pid);
  expect(Number(await call('pid'))).not.toBe(pid);
});

test('when the worker stops everything is ended, what is being started too', async () => {
  const own = await openMcp(world);
  const { call, pid } = await begin({ stubborn: true }, own);
  await addConfig(world, person, scripted('never ready', { begin: 'nothing' }, { call_timeout_ms: 60_000 }));
  const finding = own.tools(run);
  const child = Number(await call('child'));
  await own.close();
  expect([alive(pid), alive(child)]).toEqual([false, false]);
  expect((await finding).steps).toMatchObject([{ data: { status: 'failed' } }]);
  await expect(call('echo')).rejects.toMatchObject({ errorClass: 'mcp.disconnected' });
});
