import { sql } from 'kysely';
import type { RunEventInput } from '../../../contract/events.ts';
import { cleanTitle, lineBreak } from '../../../contract/threads.ts';
import type { Database } from '../../database/sql.ts';
import { statement } from '../../database/statement.ts';
import type { Model } from '../../models/model.ts';

type ThreadOf = { accountId: string; threadId: string };

const needsTitle = statement<ThreadOf & { runId: string }>()((db, $) =>
  db
    .selectFrom('threads as t')
    .select((eb) =>
      eb
        .and([
          eb('t.title', 'is', null),
          eb('t.title_locked', '=', sql.lit(false)),
          eb.not(
            eb.exists(
              eb
                .selectFrom('runs as r')
                .select(sql.lit(1).as('one'))
                .whereRef('r.thread_id', '=', 't.id')
                .where('r.parent_run_id', 'is', null)
                .where('r.id', '<>', $.runId),
            ),
          ),
        ])
        .as('wanted'),
    )
    .where('t.account_id', '=', $.accountId)
    .where('t.id', '=', $.threadId)
    .where('t.deleted_at', 'is', null),
);

const setTitle = statement<ThreadOf & { title: string }>()((db, $) =>
  db
    .updateTable('threads')
    .set({ title: $.title })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.threadId)
    .where('title', 'is', null)
    .where('title_locked', '=', sql.lit(false))
    .where('deleted_at', 'is', null),
);

const instruction =
  'Write a title of at most six words for the conversation that begins with the text below, in its language. Answer with the title alone.';
const titleTimeoutMs = 30_000;

type Titled = { account_id: string; thread_id: string; id: string };

/** Whether this is the first run of a thread without a title. */
export const isTitleNeeded = async (database: Database, { account_id, thread_id, id }: Titled) =>
  (await database.row(needsTitle, { accountId: account_id, threadId: thread_id, runId: id }))?.wanted === true;

/** Generates and stores the title of a thread. Ignores every failure, and its tokens are not billed. */
export async function generateTitle(
  database: Database,
  run: Titled,
  text: string,
  model: Model | undefined,
  signal: AbortSignal,
): Promise<RunEventInput | undefined> {
  try {
    // The stub model cannot summarize: use the beginning of the text.
    const title = cleanTitle(model ? await ask(model, text, AbortSignal.any([signal, AbortSignal.timeout(titleTimeoutMs)])) : text);
    if (title === '') return undefined;
    const stored = await database.run(setTitle, { accountId: run.account_id, threadId: run.thread_id, title });
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
    // Not every vendor enforces the token limit, and a long answer would delay the run itself.
    if (answer.length >= maxAnswerChars || lineBreak.test(answer.trimStart())) return answer;
  }
  return '';
}

/** Characters of an answer that contain a title, including what models put before it. */
const maxAnswerChars = 256;
