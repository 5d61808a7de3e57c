import { sql } from 'kysely';
import type { RunEventInput } from '../../../contract/events.ts';
import { cleanTitle, lineBreak } from '../../../contract/titles.ts';
import type { Database } from '../../database/sql.ts';
import { statement } from '../../database/statement.ts';
import type { Model } from '../../models/model.ts';
import type { History } from './history.ts';

type ThreadOf = { accountId: string; threadId: string };

const setTitle = statement<ThreadOf & { title: string }>()((db, $) =>
  db
    .updateTable('threads')
    .set({ title: $.title, title_provisional: sql.lit(false) })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.threadId)
    .where('title_locked', '=', sql.lit(false))
    .where((eb) => eb.or([eb('title', 'is', null), eb('title_provisional', '=', sql.lit(true))]))
    .where('deleted_at', 'is', null),
);

const instruction =
  'Write a title of at most six words for the conversation that begins with the text below, in its language. Answer with the title alone.';
const titleTimeoutMs = 30_000;
/** Room for models that reason although they were told not to. */
const maxOutputTokens = 1_024;

/** A thread without a title, or with a provisional one. */
export type UntitledThread = { title: string | null };

type Titled = { account_id: string; thread_id: string };
export type TitleSource = Pick<History, 'titleText' | 'provisionalTitle'>;

/** A title whose text is known. `stored` resolves to its event, or to undefined if the thread has got another title or cannot be written. */
export type NewTitle = { stored: Promise<RunEventInput | undefined> };

/** Generates the title of a thread and begins to store it. A failure is left to the next run, and its tokens are not billed. */
export async function generateTitle(
  database: Database,
  run: Titled,
  { titleText, provisionalTitle }: TitleSource,
  model: Model | undefined,
  signal: AbortSignal,
): Promise<NewTitle | undefined> {
  try {
    // The stub model cannot summarize.
    const title = model
      ? titleIn(await ask(model, titleText(), AbortSignal.any([signal, AbortSignal.timeout(titleTimeoutMs)])))
      : provisionalTitle();
    return title === '' ? undefined : { stored: storeTitle(database, run, title).catch(() => undefined) };
  } catch {
    return undefined;
  }
}

async function storeTitle(database: Database, run: Titled, title: string): Promise<RunEventInput | undefined> {
  const stored = await database.run(setTitle, { accountId: run.account_id, threadId: run.thread_id, title });
  return stored > 0 ? { type: 'thread.title.updated', data: { thread_id: run.thread_id, title } } : undefined;
}

/** The title in an answer. Some models put a label before it. */
const titleIn = (answer: string) => cleanTitle(cleanTitle(answer).replace(/^title:/i, ''));

const completeLines = (text: string) => text.split(lineBreak).slice(0, -1).join('\n');

async function ask(model: Model, text: string, signal: AbortSignal): Promise<string> {
  const messages = [{ role: 'user' as const, content: `${instruction}\n\n${text}` }];
  let answer = '';
  for await (const event of model.stream(
    { messages, tools: [], reasoning_mode: 'none', temperature: 0.2, max_output_tokens: maxOutputTokens },
    signal,
  )) {
    if (event.type === 'finish') return event.text;
    if (event.type === 'text' && !event.channel) answer += event.text;
    // Not every vendor enforces the token limit, and a long answer would delay the run itself.
    if (answer.length >= maxAnswerChars || titleIn(completeLines(answer)) !== '') return answer;
  }
  return '';
}

/** Characters of an answer that contain a title, including what models put before it. */
const maxAnswerChars = 256;
