import { expect } from 'vitest';
import { RunEvent } from '../../../contract/events.ts';
import type { TestApp } from '../app/testApp.ts';
import { expectUsageRollups } from '../credits/credits.ts';
import { expectExactly } from '../http/conformance.ts';
import { isTerminal, readAll } from '../http/events.ts';
import { expectQuotaCounters } from '../resources/quotas.ts';

type Place = Pick<TestApp, 'url' | 'sql'>;

/** Checks the invariants of every finished run and returns its events. */
export async function expectRunInvariants(
  { url, sql }: Place,
  runId: string,
  token: string,
  providerKey = 'sk-test-canary',
): Promise<RunEvent[]> {
  const events = await readAll(url, runId, token);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, at) => at + 1));
  expect(events.filter(isTerminal)).toEqual(events.slice(-1));
  for (const event of events) expectExactly(RunEvent, event);
  expect(JSON.stringify(events)).not.toContain(providerKey);
  const stored = await sql('select seq, event_id, type, data from run_events where run_id = $1 order by seq', [runId]);
  expect(events.map(({ seq, event_id, type, data }) => ({ seq, event_id, type, data }))).toEqual(stored);
  const [run] = await sql('select status, lease_token, next_seq, thread_id from runs where id = $1', [runId]);
  expect(run).toMatchObject({ lease_token: null, next_seq: events.length + 1 });
  expect(`run.${run.status}`).toBe(events.at(-1)?.type);
  await expectAnswer({ sql }, runId, run, events);
  await expectQuotaCounters({ sql });
  await expectUsageRollups({ sql });
  return events;
}

const completions: Record<string, string> = { completed: 'complete', cancelled: 'stopped', failed: 'failed' };

/**
 * A run has at most one answer, named by its last event. A complete answer equals the streamed text, appended to the message that the run
 * continued, and then the names of its images.
 */
async function expectAnswer(
  { sql }: Pick<TestApp, 'sql'>,
  runId: string,
  { status, thread_id }: Record<string, string>,
  events: readonly RunEvent[],
) {
  const last = events.at(-1)!;
  const named = 'message_id' in last.data ? last.data.message_id : undefined;
  const [answer, ...others] = await sql(
    `select id, content, content_json, completion from messages where run_id = $1 and thread_id = $2 and role = 'assistant'`,
    [runId, thread_id],
  );
  expect([others, answer?.id]).toEqual([[], named]);
  if (answer) expect(answer.completion).toBe(completions[status!]);
  if (status !== 'completed') return expect(answer?.content.trim()).not.toBe('');
  const started = events[0]!.data as { continues_message_id?: string };
  const [continued] = await sql('select content, content_json from messages where id = $1', [started.continues_message_id ?? null]);
  const isFirstTurn = events.filter(({ type }) => type === 'llm.turn.completed').length <= 1;
  const parts: { type: string; text?: string; attachment?: { filename: string } }[] = answer.content_json?.parts ?? [];
  const names = parts.flatMap(({ attachment }) => (attachment ? [`[image: ${attachment.filename}]`] : []));
  const before = continued?.content_json ? continued.content_json.parts.map(({ text = '' }) => text).join('') : (continued?.content ?? '');
  const text = (isFirstTurn ? before : '') + textOf(events);
  expect(answer.content).toBe([...(text === '' && names.length > 0 ? [] : [text]), ...names].join('\n\n'));
}

/** The streamed text of the last turn, without thinking and without deltas voided by `discard_from_seq`. */
export function textOf(events: readonly RunEvent[]): string {
  const turns = events.filter(({ type }) => type === 'llm.turn.completed');
  const begin = turns.at(-2)?.seq ?? 0;
  const isVoid = (seq: number) =>
    events.some(
      (each) =>
        (each.type === 'run.recovered' || each.type === 'run.llm.retry') &&
        seq < each.seq &&
        seq >= (each.data.discard_from_seq ?? Number.POSITIVE_INFINITY),
    );
  return events
    .map((event) =>
      event.type === 'message.delta' && !event.data.channel && event.seq > begin && !isVoid(event.seq) ? event.data.content : '',
    )
    .join('');
}

export const usageOf = ({ sql }: Pick<TestApp, 'sql'>, runId: string) =>
  sql('select input_tokens, output_tokens, cached_tokens, cost_usd from usage_records where run_id = $1', [runId]);
