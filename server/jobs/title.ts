import type { RunStep } from '../../contract/events.ts';
import { trimEnd, trimStart } from '../../contract/shared/trim.ts';
import type { Model } from '../agent/model.ts';
import { type Database, statement } from '../kernel/sql.ts';

const needsTitle = statement<{ wanted: boolean }>(`
  select t.title is null and not t.title_locked and not exists (
    select from runs r where r.thread_id = t.id and r.parent_run_id is null and r.id <> $3) as wanted
  from threads t where t.account_id = $1 and t.id = $2 and t.deleted_at is null`);

const setTitle = statement<never>(
  'update threads set title = $3 where account_id = $1 and id = $2 and title is null and not title_locked and deleted_at is null',
);

const instruction =
  'Write a title of at most six words for the conversation that begins with the text below, in its language. Answer with the title alone.';
const longestAnswerMs = 30_000;

type Titled = { account_id: string; thread_id: string; id: string };

/** Whether the first run of a thread that has no title yet should find one. */
export const wantsTitle = async (database: Database, { account_id, thread_id, id }: Titled) =>
  (await database.row(needsTitle, [account_id, thread_id, id]))?.wanted === true;

/** Give a thread its automatic title. Any failure is silent, and its tokens are not billed; the event says what was stored. */
export async function giveTitle(
  database: Database,
  run: Titled,
  text: string,
  model: Model | undefined,
  signal: AbortSignal,
): Promise<RunStep | undefined> {
  try {
    // The built-in stub cannot summarize: the beginning of the text is as good.
    const title = tidy(model ? await ask(model, text, AbortSignal.any([signal, AbortSignal.timeout(longestAnswerMs)])) : text);
    if (title === '') return undefined;
    const stored = await database.run(setTitle, [run.account_id, run.thread_id, title]);
    return stored > 0 ? { type: 'thread.title.updated', data: { thread_id: run.thread_id, title } } : undefined;
  } catch {
    return undefined;
  }
}

async function ask(model: Model, text: string, signal: AbortSignal): Promise<string> {
  const messages = [{ role: 'user' as const, content: `${instruction}\n\n${text}` }];
  let answer = '';
  for await (const event of model.stream(
    { messages, tools: [], reasoning_mode: 'none', temperature: 0.2, max_output_tokens: 64 },
    signal,
  )) {
    if (event.type === 'finish') return event.text;
    if (event.type === 'text' && !event.channel) answer += event.text;
    // Not every vendor keeps to the limit of tokens, and the rest of a long answer would slow down the run's own.
    if (answer.length >= longestTitleAnswer || lineBreak.test(answer.trimStart())) return answer;
  }
  return '';
}

/** Characters of an answer that hold a title, with what models put before it. */
const longestTitleAnswer = 256;
const lineBreak = /[\r\n\u2028\u2029]/;

/** Characters of a text that are looked at for a title. */
const titleSource = 2_000;
const openingQuotes = `"'“”„«»「『`;
const closingQuotes = `"'“”„«»」』`;

/** One line of at most 50 characters, without the quotes that models like to add. */
export function tidy(title: string): string {
  const line = title.trimStart().slice(0, titleSource).toWellFormed().replaceAll('\0', '').trim().split(lineBreak, 1)[0]!;
  const bare = trimStart(trimEnd(line.trim(), closingQuotes), openingQuotes).trim();
  return [...bare].slice(0, 50).join('').trim();
}
