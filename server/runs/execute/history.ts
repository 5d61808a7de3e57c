import { maxImageChars, maxPayloadBytes } from '../../../contract/attachments.ts';
import { provisionalTitle } from '../../../contract/titles.ts';
import type { Queryable } from '../../database/sql.ts';
import type { ModelMessage, ModelPart } from '../../models/model.ts';
import { RunFailure } from '../../models/runFailure.ts';
import { addTexts, loadModelParts, partsOf, plainTextOf } from '../../resources/messages/parts.ts';
import type { MessageRow } from '../../resources/messages/queries.ts';
import { type HistoryRow, selectHistory, selectLastUserMessage } from '../../resources/messages/runQueries.ts';
import type { Storage } from '../../storage/storage.ts';
import type { LeasedRun } from '../lease/lease.ts';
import { readTurn, withMatchedCalls } from '../record/turnHistory.ts';

/** The conversation that a run answers, the text of the user's last message, the source text of a title, and the title without a model. */
export type History = { messages: ModelMessage[]; lastUserMessage: string; titleText(): string; provisionalTitle(): string };

/** Makes a model continue its own text at the end of a prompt. Many models reject a prompt that ends with an assistant message. */
const continuePrompt =
  'Your answer above was cut off. Continue it from exactly where it ends: write only what comes next, beginning with a space or line break if that is what comes next, and neither repeat nor comment on anything.';

/**
 * The newest part of the transcript up to the newest message at the time the run was created, as far as a prompt could hold it, including the
 * turns of earlier runs, also unfinished ones. Throws `internal.error` if there is no user message.
 */
export async function readHistory(sql: Queryable, storage: Storage | undefined, run: LeasedRun, signal: AbortSignal): Promise<History> {
  const rows = await readRows(sql, run);
  const users = usersIn(rows);
  const last = users.at(-1);
  if (!last) throw new RunFailure('internal.error', 'The thread has no message to answer.', { code: 'internal.empty_thread' });
  const load: Load = { sql, storage, accountId: run.account_id, signal };
  const messages = withMatchedCalls(await readMessages(rows, load, run.continues_run_id));
  if (rows.at(-1)?.completion !== 'complete' && messages.at(-1)?.role === 'assistant')
    messages.push({ role: 'user', content: continuePrompt });
  const asked = messages.find((each) => each.role === 'user' && each.number === last.number);
  return {
    messages,
    lastUserMessage: wordsOf(asked),
    titleText: () => titleTextOf(users),
    provisionalTitle: () => provisionalTitle(users[0]!),
  };
}

/** Messages of the first batch. Each further one has twice as many, up to `maxBatch`. */
const firstBatch = 25;
const maxBatch = 800;

/** The newest rows, in the order of the transcript. */
async function readRows(sql: Queryable, run: LeasedRun): Promise<HistoryRow[]> {
  const thread = { accountId: run.account_id, threadId: run.thread_id };
  const rows: HistoryRow[] = [];
  let upTo = run.tail_message_number;
  let bytes = maxPayloadBytes;
  for (let limit = firstBatch; bytes > 0; limit = Math.min(limit * 2, maxBatch)) {
    const batch = await sql.rows(selectHistory, { ...thread, upTo, continuedRunId: run.continues_run_id, limit, bytes });
    rows.push(...batch);
    bytes -= batch.reduce((sum, row) => sum + row.bytes, 0);
    if (batch.length < limit && bytes > 0) return inOrder(rows);
    upTo = batch.at(-1)!.number - 1;
  }
  // Others belong between messages that are left out.
  const kept = rows.filter(({ place }) => place > upTo);
  const last = kept.some(({ role }) => role === 'user') ? undefined : await sql.row(selectLastUserMessage, { ...thread, upTo });
  return inOrder(last ? [last, ...kept] : kept);
}

const inOrder = (rows: HistoryRow[]) => rows.sort((a, b) => a.place - b.place || a.number - b.number);

/** Of a prompt, for each token of the window: messages beyond are not even estimated. */
const bytesPerToken = 6;
const minWindowBytes = 2 ** 18;

/** The newest messages that can be of use with a window of this many tokens, beginning with one of a user. */
export const newestInWindow = (messages: ModelMessage[], windowTokens: number): ModelMessage[] =>
  newestWithin(messages, Math.max(minWindowBytes, windowTokens * bytesPerToken));

function newestWithin(messages: ModelMessage[], maxBytes: number): ModelMessage[] {
  let left = maxBytes;
  const lastUser = messages.findLastIndex(({ role }) => role === 'user');
  let first = messages.length;
  while (first > 0 && (first > lastUser || left > 0)) left -= textBytesOf(messages[--first]!);
  if (first === 0) return messages;
  return messages.slice(messages.findIndex(({ role }, at) => at >= first && role === 'user'));
}

function textBytesOf(message: ModelMessage): number {
  const { content } = message;
  const texts = typeof content === 'string' ? [content] : content.map((part) => (part.type === 'text' ? part.text : ''));
  const calls = message.role === 'assistant' ? (message.tool_calls ?? []) : [];
  return [...texts, ...calls.map((call) => call.arguments)].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
}

function wordsOf(message: ModelMessage | undefined): string {
  const content = message?.content ?? '';
  if (typeof content === 'string') return content;
  return content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n\n');
}

/** Characters of user text, and of attachment text, that are used for a title. */
const titleLimits = { said: 4_000, attached: 1_200 };

function titleTextOf(users: readonly MessageRow[]): string {
  const parts = users.flatMap(partsOf);
  const textOf = (isText: boolean) => plainTextOf(parts.filter(({ type }) => (type === 'text') === isText));
  const texts = [cut(textOf(true), titleLimits.said), cut(textOf(false), titleLimits.attached)];
  return texts.filter((text) => text !== '').join('\n\n');
}

const cut = (text: string, most: number) => text.slice(0, most).toWellFormed();

type Load = { sql: Queryable; storage: Storage | undefined; accountId: string; signal: AbortSignal };

type WithTexts = Awaited<ReturnType<typeof addTexts>>;

/** Messages whose attachments are read at once. */
const loadedAtOnce = 10;

/** Reads the newest message first, so that the oldest images are left out if all together are too large. */
async function readMessages(rows: readonly HistoryRow[], load: Load, continued: string | null): Promise<ModelMessage[]> {
  const messages: ModelMessage[] = [];
  let left = maxImageChars;
  let following = Number.POSITIVE_INFINITY;
  let bytes = maxPayloadBytes;
  const newest = rows.toReversed();
  let withTexts: WithTexts = (parts) => [...parts];
  for (const [at, row] of newest.entries()) {
    load.signal.throwIfAborted();
    if (bytes < 0 && messages.some(({ role }) => role === 'user')) break;
    if (at % loadedAtOnce === 0) withTexts = await addTexts(load.sql, load.accountId, usersIn(newest.slice(at, at + loadedAtOnce)));
    const message = await readMessage(row, load.storage, withTexts, left);
    if (!message) continue;
    bytes -= textBytesOf(message);
    if (message.role === 'user' && typeof message.content !== 'string') left -= imageChars(message.content);
    // Only the loop that continues that run may send it back to the provider.
    if (message.role === 'assistant' && (row.run_id === null || row.run_id !== continued)) delete message.opaque;
    // A summary covers all numbers up to a limit. A message that was moved before one with a smaller number is left without a number.
    messages.push(row.number < following ? { ...message, number: row.number } : message);
    following = Math.min(following, row.number);
  }
  const read = messages.reverse();
  return bytes < 0 ? newestWithin(read, maxPayloadBytes) : read;
}

const usersIn = (rows: readonly HistoryRow[]) => rows.filter((row) => row.role === 'user');

const imageChars = (parts: readonly ModelPart[]) => parts.reduce((sum, part) => sum + (part.type === 'image' ? part.data.length : 0), 0);

async function readMessage(
  row: HistoryRow,
  storage: Storage | undefined,
  withTexts: WithTexts,
  room: number,
): Promise<Exclude<ModelMessage, { role: 'system' }> | undefined> {
  if (row.role === 'tool') return readTurn(row.content, row.content_json);
  const { role, content } = row;
  if (role === 'assistant') return { role, content };
  const parts = row.content_json ? await loadModelParts(storage, withTexts(partsOf(row)), room) : [];
  const texts = parts.flatMap((part) => (part.type === 'text' ? [part.text] : []));
  if (texts.length < parts.length) return { role, content: parts };
  return { role, content: parts.length > 0 ? texts.join('\n\n') : content };
}
