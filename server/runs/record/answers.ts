import { sql } from 'kysely';
import type { MessageCompletion, MessagePart } from '../../../contract/messages.ts';
import type { AnswerImage } from '../../agent/loop/runLoop.ts';
import { toolMessage } from '../../agent/tools/executeCalls.ts';
import type { Queryable, Transaction } from '../../database/sql.ts';
import { statement } from '../../database/statement.ts';
import type { ModelMessage } from '../../models/model.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { parseKey } from '../../resources/attachments/key.ts';
import { keepImages } from '../../resources/attachments/queries.ts';
import { plainTextOf } from '../../resources/messages/parts.ts';
import { type AnswerValues, insertAnswer, reassignMessages, selectIncompleteAnswer } from '../../resources/messages/runQueries.ts';
import type { LeasedRun } from '../lease/lease.ts';
import { interruptedError, replayRun } from './replay.ts';
import { storableText, storeTurns, type TurnOwner } from './turnHistory.ts';

type AnsweringRun = TurnOwner & Pick<LeasedRun, 'continues_run_id'>;

type StoredAnswer = { id: string; text: string };

/** The texts of the unfinished turn, and the events at which an attempt of it was discarded. */
const selectCutOff = statement<{ runId: string }>({ bound: 'run' })((db, $) =>
  db
    .selectFrom('run_events')
    .select(['type', sql<string | null>`data ->> 'content'`.as('text')])
    .where('run_id', '=', $.runId)
    .where((eb) =>
      eb(
        'seq',
        '>',
        eb.fn.coalesce(
          eb
            .selectFrom('run_events')
            .select(({ fn }) => fn.max('seq').as('seq'))
            .where('run_id', '=', $.runId)
            .where('type', '=', sql.lit('llm.turn.completed')),
          sql<number>`0`,
        ),
      ),
    )
    .where((eb) =>
      eb.or([
        eb('type', 'in', [sql.lit('run.llm.retry'), sql.lit('run.recovered')]),
        eb.and([eb('type', '=', sql.lit('message.delta')), eb(sql`data ->> 'channel'`, 'is', null)]),
      ]),
    )
    .orderBy('seq'),
);

/** Stores the answer of a completed run: hidden messages for its turns, and a visible one. */
export async function storeAnswer(
  tx: Transaction,
  run: AnsweringRun,
  history: readonly ModelMessage[],
  text: string,
  images: readonly AnswerImage[],
): Promise<StoredAnswer> {
  const { turns, pictures } = await adoptTurns(tx, run, [...history, { role: 'assistant', content: text }], 'complete');
  await storeTurns(tx, run, turns.slice(0, -1));
  return insert(tx, run, turns.at(-1)!.content as string, 'complete', [...pictures, ...(await keep(tx, run, images))]);
}

/**
 * Stores the unfinished answer of a run from its events: hidden messages for its turns, and the last text as an
 * incomplete visible message. Undefined if there is nothing to show.
 */
export async function storeUnfinished(
  tx: Transaction,
  run: AnsweringRun,
  completion: Exclude<MessageCompletion, 'complete'>,
): Promise<StoredAnswer | undefined> {
  const { turns: told, images } = await readTurns(tx, run.id);
  if (told.length === 0 && images.length === 0) return undefined;
  const { turns, shown, pictures } = await adoptTurns(tx, run, told, completion);
  await storeTurns(tx, run, turns, completion);
  const text = turns.findLast(({ role, content }) => role === 'assistant' && !isBlank(content))?.content ?? shown;
  const all = [...pictures, ...(await keep(tx, run, images))];
  if (typeof text === 'string') return insert(tx, run, text, completion, all);
  return all.length > 0 ? insert(tx, run, '', completion, all) : undefined;
}

type Picture = Extract<MessagePart, { type: 'image' }>;

/** Makes images attachments of the thread. Leaves out those that were removed meanwhile. */
async function keep(tx: Queryable, run: TurnOwner, images: readonly AnswerImage[]): Promise<Picture[]> {
  if (images.length === 0) return [];
  const named = images.map((attachment) => ({ attachment, id: parseKey(attachment.key)!.id }));
  const kept = await tx.rows(keepImages, { accountId: run.account_id, threadId: run.thread_id, ids: named.map(({ id }) => id) });
  const ids = new Set(kept.map(({ id }) => id));
  return named.filter(({ id }) => ids.has(id)).map(({ attachment }) => ({ type: 'image', attachment }));
}

function insert(
  tx: Transaction,
  run: TurnOwner,
  answer: string,
  completion: MessageCompletion,
  pictures: readonly Picture[],
): StoredAnswer {
  const made = newAnswer(run, answer, completion, pictures);
  insertNewAnswer(tx, made);
  return made;
}

type NewAnswer = StoredAnswer & { values: AnswerValues };

/** The visible message of an answer. */
export function newAnswer(run: TurnOwner, answer: string, completion: MessageCompletion, pictures: readonly Picture[] = []): NewAnswer {
  const id = newId();
  const text = storableText(answer);
  const parts: MessagePart[] = [...(isBlank(text) ? [] : [{ type: 'text' as const, text }]), ...pictures];
  const values = {
    accountId: run.account_id,
    threadId: run.thread_id,
    id,
    content: pictures.length > 0 ? [...(isBlank(text) ? [] : [text]), plainTextOf(pictures)].join('\n\n') : text,
    contentJson: pictures.length > 0 ? JSON.stringify({ parts }) : null,
    runId: run.id,
    completion,
  };
  return { id, text: answer, values };
}

/** Sent with the statements that follow, because the quota of the account stays locked until the commit. */
export const insertNewAnswer = (tx: Transaction, { values }: NewAnswer): void => tx.awaitAtCommit(tx.run(insertAnswer, values));

const isBlank = (content: unknown) => typeof content !== 'string' || content.trim() === '';

/**
 * The turns of a run, together with the stored turns of the run that it continues. A text that was cut off in that run
 * becomes the beginning of the first turn, or its own turn if the first turn is not an assistant message.
 */
async function adoptTurns(tx: Queryable, run: AnsweringRun, turns: readonly ModelMessage[], completion: MessageCompletion) {
  if (run.continues_run_id === null) return { turns, shown: null, pictures: [] };
  const earlier = { accountId: run.account_id, threadId: run.thread_id, runId: run.continues_run_id };
  const { shown: content = null, structured = null, text = null } = (await tx.row(selectIncompleteAnswer, earlier)) ?? {};
  const parts = structured?.parts ?? [];
  const pictures = parts.filter((part) => part.type === 'image');
  const shown = structured ? parts.map((part) => (part.type === 'text' ? part.text : '')).join('') : content;
  const [first, ...others] = turns;
  const isExtended = text !== null && first?.role === 'assistant';
  await tx.run(reassignMessages, { ...earlier, continuingRunId: run.id, completion, isExtended });
  return { turns: isExtended ? [{ ...first, content: text + first.content }, ...others] : turns, shown, pictures };
}

/** The turns of a run with its images, and an error as the result of every call without one. If the events cannot be replayed, only the last text. */
async function readTurns(connection: Queryable, runId: string): Promise<{ turns: ModelMessage[]; images: AnswerImage[] }> {
  const replayed = await replayRun(connection, runId).catch(() => undefined);
  const { history = [], pending, unfinished = [], answer } = replayed ?? {};
  const open = pending?.reason === 'ask_user' ? [...unfinished, pending.call] : unfinished;
  for (const call of open) history.push(toolMessage(call.id, call.name, { error: interruptedError }));
  const cutOff = await readCutOff(connection, runId);
  const text = isBlank(cutOff) ? (answer?.text ?? '') : cutOff;
  const images = [...(replayed?.images ?? []), ...(replayed?.partialImages ?? [])];
  return { turns: isBlank(text) ? history : [...history, { role: 'assistant', content: text }], images };
}

/** The newest text of the unfinished turn. Falls back to an earlier attempt if later attempts wrote nothing. */
async function readCutOff(connection: Queryable, runId: string): Promise<string> {
  let [kept, text] = ['', ''];
  for (const event of await connection.rows(selectCutOff, { runId })) {
    if (event.type === 'message.delta') text += event.text ?? '';
    else [kept, text] = [isBlank(text) ? kept : text, ''];
  }
  return isBlank(text) ? kept : text;
}
