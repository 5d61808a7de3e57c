import type { MessageCompletion } from '../../contract/messages.ts';
import type { ModelMessage } from '../agent/model.ts';
import { toolMessage } from '../agent/tools/calls.ts';
import { newId } from '../kernel/ids.ts';
import { type Sql, statement } from '../kernel/sql.ts';
import { adoptRun, insertAnswer, selectUnfinished } from '../resources/messages/queries.ts';
import type { LeasedRun } from './lease.ts';
import { interrupted, readLog } from './recovery.ts';
import { storableText, storeTrail, type TrailOwner } from './trail.ts';

type AnsweringRun = TrailOwner & Pick<LeasedRun, 'continues_run_id'>;

/** The message that shows what a run answered. */
type StoredAnswer = { id: string; text: string };

/** Texts of the turn that a run did not finish, and where an attempt at it was given up. */
const selectCutOff = statement<{ type: string; text: string | null }>(`
  select type, data ->> 'content' as text from run_events
  where run_id = $1 and seq > coalesce((select max(seq) from run_events where run_id = $1 and type = 'llm.turn.completed'), 0)
    and (type in ('run.llm.retry', 'run.recovered') or (type = 'message.delta' and data ->> 'channel' is null))
  order by seq`);

/** Store the answer of a run that is complete: hidden messages for its turns, and one that is shown. */
export async function storeAnswer(tx: Sql, run: AnsweringRun, trail: readonly ModelMessage[], text: string): Promise<StoredAnswer> {
  const { turns } = await adoptTurns(tx, run, [...trail, { role: 'assistant', content: text }], 'complete');
  await storeTrail(tx, run, turns.slice(0, -1));
  return insert(tx, run, turns.at(-1)!.content as string, 'complete');
}

/**
 * Store what a run answered that did not complete, as its events tell it: all its turns in hidden messages, and the last text as an incomplete
 * message. Undefined when there is nothing to show.
 */
export async function storeUnfinished(
  tx: Sql,
  run: AnsweringRun,
  completion: Exclude<MessageCompletion, 'complete'>,
): Promise<StoredAnswer | undefined> {
  const told = await readTurns(tx, run.id);
  if (told.length === 0) return undefined;
  const { turns, shown } = await adoptTurns(tx, run, told, completion);
  await storeTrail(tx, run, turns, completion);
  const text = turns.findLast(({ role, content }) => role === 'assistant' && !isBlank(content))?.content ?? shown;
  return typeof text === 'string' ? insert(tx, run, text, completion) : undefined;
}

async function insert(tx: Sql, run: TrailOwner, text: string, completion: MessageCompletion): Promise<StoredAnswer> {
  const id = newId();
  await tx.run(insertAnswer, [run.account_id, run.thread_id, id, storableText(text), run.id, completion]);
  return { id, text };
}

const isBlank = (content: unknown) => typeof content !== 'string' || content.trim() === '';

/**
 * The turns of a run, which from now on include those of the run that it continues. A text that was cut off there is the beginning of the
 * first turn here; where something else came first, it is a turn of its own.
 */
async function adoptTurns(tx: Sql, run: AnsweringRun, turns: readonly ModelMessage[], completion: MessageCompletion) {
  if (run.continues_run_id === null) return { turns, shown: null };
  const earlier = [run.account_id, run.thread_id, run.continues_run_id];
  const { shown = null, text = null } = (await tx.row(selectUnfinished, earlier)) ?? {};
  const [first, ...others] = turns;
  const isExtended = text !== null && first?.role === 'assistant';
  await tx.run(adoptRun, [...earlier, run.id, completion, isExtended]);
  return { turns: isExtended ? [{ ...first, content: text + first.content }, ...others] : turns, shown };
}

/** What was said and done in a run, with an error as the result of every call that has none. A log that cannot be read still gives its last text. */
async function readTurns(sql: Sql, runId: string): Promise<ModelMessage[]> {
  const log = await readLog(sql, runId).catch(() => undefined);
  const { trail = [], pending, answer } = log ?? {};
  if (pending?.reason === 'ask_user') trail.push(toolMessage(pending.call.id, pending.call.name, { error: interrupted }));
  const cutOff = await readCutOff(sql, runId);
  const text = isBlank(cutOff) ? (answer?.text ?? '') : cutOff;
  return isBlank(text) ? trail : [...trail, { role: 'assistant', content: text }];
}

/** The newest text of the turn that was not finished: that of an earlier attempt, if the attempts after it said nothing. */
async function readCutOff(sql: Sql, runId: string): Promise<string> {
  let [kept, text] = ['', ''];
  for (const event of await sql.rows(selectCutOff, [runId])) {
    if (event.type === 'message.delta') text += event.text ?? '';
    else [kept, text] = [isBlank(text) ? kept : text, ''];
  }
  return isBlank(text) ? kept : text;
}
