import type { RunEvent, RunEventType } from '../../../contract/events.ts';
import type { Person, TestApp } from '../app/testApp.ts';
import { expectRunInvariants } from '../checks/invariants.ts';
import { openStream } from '../http/events.ts';
import { eventually, openThread, startRun } from '../resources/conversation.ts';
import type { ScriptedResponse } from './vendor.ts';
import { addVendorModel } from './vendorModel.ts';

export const dataOf = <T extends RunEventType>(events: readonly RunEvent[], type: T) =>
  events.flatMap((event) => (event.type === type ? [event.data as Extract<RunEvent, { type: T }>['data']] : []));

/** Creates a persona and returns its `persona_key`. `fields` override the defaults. */
export async function addRandomPersona({ call }: TestApp, { token }: Person, fields: object = {}): Promise<string> {
  const persona_key = `p-${crypto.randomUUID().slice(0, 8)}`;
  const body = { persona_key, version: '1', display_name: 'Persona', prompt_md: 'Be brief.', ...fields };
  const answer = await call('POST', '/v1/personas', { token, body });
  if (answer.status !== 201) throw new Error(`persona: ${answer.status} ${answer.text}`);
  return persona_key;
}

type Options = { person?: Person; script?: ScriptedResponse[]; persona?: object; model?: object; message?: string };

/** A user with a thread whose runs are answered by a scripted vendor. */
export async function openScriptedThread(app: TestApp, { person, script = [], persona, model, message }: Options = {}) {
  const who = person ?? (await app.signUp());
  const vendor = await addVendorModel(app, who, model);
  vendor.respondWith(...script);
  const personaId = persona && (await addRandomPersona(app, who, persona));
  const threadId = await openThread(app, who, message);
  const { token } = who;
  const start = (body: object = {}) => startRun(app, who, threadId, { ...(personaId && { persona_id: personaId }), ...body });
  const follow = async (runId: string) => openStream(app.url, runId, { token });
  return {
    ...who,
    vendor,
    threadId,
    personaId,
    start,
    follow,
    input: (runId: string, content: string, more: object = {}) =>
      app.call('POST', `/v1/runs/${runId}/input`, { token, body: { content, ...more } }),
    cancel: (runId: string) => app.call('POST', `/v1/runs/${runId}:cancel`, { token }),
    say: (content: string) => app.call('POST', `/v1/threads/${threadId}/messages`, { token, body: { content } }),
    /** Waits for the end of the run and checks its events with `expectRunInvariants`. */
    async run(body: object = {}) {
      const runId = await start(body);
      await follow(runId).then(({ ended }) => ended);
      return { runId, events: await expectRunInvariants(app, runId, token) };
    },
  };
}

/** Resolves once deltas with this text are stored for an account, as the pause of a response before it is cut: only stored deltas are certain. */
export const textStored = ({ sql }: TestApp, { accountId }: Pick<Person, 'accountId'>, text: string) =>
  eventually(async () => {
    const [{ said }] = await sql(
      `select coalesce(string_agg(e.data ->> 'content', '' order by e.run_id, e.seq), '') as said
       from run_events e join runs r on r.id = e.run_id where r.account_id = $1 and e.type = 'message.delta'`,
      [accountId],
    );
    return said.includes(text);
  }, `storing "${text}"`);

/** The messages of the vendor's request number `at`, from 0. */
export const promptOf = ({ vendor }: { vendor: { requests: { body: Record<string, unknown> }[] } }, at: number) =>
  vendor.requests[at]!.body.messages as { role: string; content: string; tool_calls?: { id: string; function: { name: string } }[] }[];

/** The tool names in the vendor's request number `at`, from 0. */
export const toolsOf = ({ vendor }: { vendor: { requests: { body: Record<string, unknown> }[] } }, at: number) =>
  ((vendor.requests[at]!.body.tools ?? []) as { function: { name: string } }[]).map((each) => each.function.name);
