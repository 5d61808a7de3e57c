import { maxImageChars } from '../../contract/attachments.ts';
import { RunFailure } from '../agent/failure.ts';
import type { ModelMessage, ModelPart } from '../agent/model.ts';
import type { Sql } from '../kernel/sql.ts';
import type { Storage } from '../kernel/storage.ts';
import { partsOf, projectionOf, readParts } from '../resources/messages/parts.ts';
import { type MessageRow, selectHistory } from '../resources/messages/queries.ts';
import type { LeasedRun } from './lease.ts';
import { matchingPairs, readTrail } from './trail.ts';

/** What a run is asked: the conversation, what the model reads of the user's last message, and what a title of it is made of. */
export type History = { messages: ModelMessage[]; lastUserMessage: string; titleText(): string };

/** What makes a model go on with a text of its own that ends a prompt. Many models take no prompt that ends with their own words. */
const goOn =
  'Your answer above was cut off. Continue it from exactly where it ends: write only what comes next, beginning with a space or line break if that is what comes next, and neither repeat nor comment on anything.';

/**
 * The transcript up to the message that was the newest when the run was created, with what earlier runs did to answer, also those that did not
 * finish. Throws `internal.error` when there is nothing to answer.
 */
export async function readHistory(sql: Sql, storage: Storage | undefined, run: LeasedRun): Promise<History> {
  const rows = await sql.rows(selectHistory, [run.account_id, run.thread_id, run.tail_message_number, run.continues_run_id]);
  const users = rows.filter(({ role }) => role === 'user');
  const last = users.at(-1);
  if (!last) throw new RunFailure('internal.error', 'The thread has no message to answer.', { code: 'internal.empty_thread' });
  const messages = matchingPairs(await readMessages(rows, storage, run.continues_run_id));
  if (rows.at(-1)?.completion !== 'complete' && messages.at(-1)?.role === 'assistant') messages.push({ role: 'user', content: goOn });
  const asked = messages.find((each) => each.role === 'user' && each.number === last.number);
  return { messages, lastUserMessage: wordsOf(asked), titleText: () => titleTextOf(users) };
}

function wordsOf(message: ModelMessage | undefined): string {
  const content = message?.content ?? '';
  if (typeof content === 'string') return content;
  return content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n\n');
}

/** Characters of what users wrote, and of what they attached, that are worth a title (the second: specification, runs 7). */
const titleLimits = { said: 4_000, attached: 1_200 };

function titleTextOf(users: readonly MessageRow[]): string {
  const parts = users.flatMap(partsOf);
  const textOf = (isText: boolean) => projectionOf(parts.filter(({ type }) => (type === 'text') === isText));
  const texts = [cut(textOf(true), titleLimits.said), cut(textOf(false), titleLimits.attached)];
  return texts.filter((text) => text !== '').join('\n\n');
}

const cut = (text: string, most: number) => text.slice(0, most).toWellFormed();

/** The newest first, so that it is the old images that are left out where they are too large together. */
async function readMessages(rows: readonly MessageRow[], storage: Storage | undefined, continued: string | null): Promise<ModelMessage[]> {
  const messages: ModelMessage[] = [];
  let left = maxImageChars;
  let following = Number.POSITIVE_INFINITY;
  for (const row of rows.toReversed()) {
    const message = await readMessage(row, storage, left);
    if (!message) continue;
    if (message.role === 'user' && typeof message.content !== 'string') left -= imageChars(message.content);
    // What a provider wants back is for the loop that goes on, and not for later ones.
    if (message.role === 'assistant' && (row.run_id === null || row.run_id !== continued)) delete message.opaque;
    // A summary covers all numbers up to one, so what was moved before a smaller number has none.
    messages.push(row.number < following ? { ...message, number: row.number } : message);
    following = Math.min(following, row.number);
  }
  return messages.reverse();
}

const imageChars = (parts: readonly ModelPart[]) => parts.reduce((sum, part) => sum + (part.type === 'image' ? part.data.length : 0), 0);

async function readMessage(
  row: MessageRow,
  storage: Storage | undefined,
  room: number,
): Promise<Exclude<ModelMessage, { role: 'system' }> | undefined> {
  const { role, content } = row;
  // The column says `user` or `assistant` to everybody else.
  if ((role as string) === 'tool') return readTrail(content, row.content_json);
  if (role === 'assistant') return { role, content };
  const parts = row.content_json ? await readParts(storage, partsOf(row), room) : [];
  const texts = parts.flatMap((part) => (part.type === 'text' ? [part.text] : []));
  if (texts.length < parts.length) return { role, content: parts };
  return { role, content: parts.length > 0 ? texts.join('\n\n') : content };
}
