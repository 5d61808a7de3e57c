import type { RunEvent, RunEventType } from '../../contract/events.ts';
import { openThread, startRun } from './conversation.ts';
import { openStream } from './events.ts';
import { expectSound } from './invariants.ts';
import { addModel } from './model.ts';
import type { Scripted } from './vendor.ts';
import type { Person, World } from './world.ts';

/** The data of all events of a type. */
export const dataOf = <T extends RunEventType>(events: readonly RunEvent[], type: T) =>
  events.flatMap((event) => (event.type === type ? [event.data as Extract<RunEvent, { type: T }>['data']] : []));

/** A persona of a person's account: everything but the fields given is as usual. */
export async function addPersona({ call }: World, { token }: Person, fields: object = {}): Promise<string> {
  const persona_key = `p-${crypto.randomUUID().slice(0, 8)}`;
  const body = { persona_key, version: '1', display_name: 'Persona', prompt_md: 'Be brief.', ...fields };
  const answer = await call('POST', '/v1/personas', { token, body });
  if (answer.status !== 201) throw new Error(`persona: ${answer.status} ${answer.text}`);
  return persona_key;
}

type Options = { person?: Person; script?: Scripted[]; persona?: object; model?: object; message?: string };

/** A person with a thread whose runs are answered by a script. */
export async function openTalk(world: World, { person, script = [], persona, model, message }: Options = {}) {
  const who = person ?? (await world.signUp());
  const vendor = await addModel(world, who, model);
  vendor.answers(...script);
  const personaId = persona && (await addPersona(world, who, persona));
  const threadId = await openThread(world, who, message);
  const { token } = who;
  const start = (body: object = {}) => startRun(world, who, threadId, { ...(personaId && { persona_id: personaId }), ...body });
  const follow = async (runId: string) => openStream(world.url, runId, { token });
  return {
    ...who,
    vendor,
    threadId,
    personaId,
    start,
    follow,
    input: (runId: string, content: string, more: object = {}) =>
      world.call('POST', `/v1/runs/${runId}/input`, { token, body: { content, ...more } }),
    cancel: (runId: string) => world.call('POST', `/v1/runs/${runId}:cancel`, { token }),
    say: (content: string) => world.call('POST', `/v1/threads/${threadId}/messages`, { token, body: { content } }),
    /** A run to its end, with its events, checked. */
    async run(body: object = {}) {
      const runId = await start(body);
      await (await follow(runId)).ended;
      return { runId, events: await expectSound(world, runId, token) };
    },
  };
}

/** The messages of the nth request that the vendor got. */
export const promptOf = ({ vendor }: { vendor: { requests: { body: Record<string, unknown> }[] } }, at: number) =>
  vendor.requests[at]!.body.messages as { role: string; content: string; tool_calls?: { id: string; function: { name: string } }[] }[];

/** The names of the tools that the nth request offers. */
export const toolsOf = ({ vendor }: { vendor: { requests: { body: Record<string, unknown> }[] } }, at: number) =>
  ((vendor.requests[at]!.body.tools ?? []) as { function: { name: string } }[]).map((each) => each.function.name);
