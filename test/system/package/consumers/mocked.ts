// A program that runs against the mocks and validates their responses with the schemas of the contract.
import { createClient, type RunEvent, type Thread } from '@arkloop/client';
import { runs, threads } from '@arkloop/client/contract';
import { RunEvent as RunEventSchema } from '@arkloop/client/contract/events';
import { Thread as ThreadSchema } from '@arkloop/client/contract/threads';
import { createMocks } from '@arkloop/client/mocks';
import { setupServer } from 'msw/node';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>) => {};

const baseUrl = 'http://arkloop.test';
const mocks = createMocks({ baseUrl, stepMs: 0 });
const server = setupServer(...mocks.handlers);
server.listen();

const { accessToken } = mocks.state.signUp();
const client = createClient({ baseUrl, accessToken });
const thread = ThreadSchema.parse(await client.threads.create({ body: { title: 'Plans' } }));
same<typeof thread, Thread>(true);
await client.messages.create({ params: { thread_id: thread.id }, body: { content: 'Hello' } });
const { run_id } = await client.runs.create({ params: { thread_id: thread.id } });
const types: RunEvent['type'][] = [];
for await (const event of client.runs.stream(run_id)) types.push(RunEventSchema.parse(event).type);
server.close();

const known: readonly [path: '/v1/threads', method: 'POST'] = [threads.create.path, runs.cancel.method];
console.log(JSON.stringify({ title: thread.title, first: types.at(0), last: types.at(-1), known }));
