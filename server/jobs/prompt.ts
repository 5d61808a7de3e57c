import type { RunEvent, RunEventType, RunStep } from '../../contract/events.ts';
import { RunFailure } from '../agent/failure.ts';
import type { Answer, Spent } from '../agent/loop.ts';
import type { ModelMessage } from '../agent/model.ts';
import { addUsage } from '../agent/usage.ts';
import { type Sql, statement } from '../kernel/sql.ts';
import { type MessageRow, selectHistory } from '../resources/messages/queries.ts';
import type { LeasedRun } from './lease.ts';

type StoredEvent = { [T in RunEventType]: Pick<Extract<RunEvent, { type: T }>, 'seq' | 'type' | 'data'> }[RunEventType];

const selectLog = statement<{ seq: number; type: string; data: unknown }>(`
  select seq, type, data from run_events where run_id = $1
    and type in ('llm.turn.completed', 'tool.call', 'tool.result', 'run.route.selected', 'run.provider_fallback') order by seq`);

/** What an earlier attempt of a run, or the run it takes up, has left in the log. */
export type Log = {
  /** Finished turns with all their tool results, as messages; they are not asked again. */
  turns: ModelMessage[];
  turnCount: number;
  /** The last turn when it asked for no tool: nothing is left to do but to end the run. */
  answer: Answer | undefined;
  /** Results to write for calls that were begun and never ended: side effects are not repeated. */
  interrupted: RunStep[];
  spent: Spent;
  /** The first event after the last finished turn. */
  resumeSeq: number;
};

/** Read the log of a run. Throws `worker.recovery_unavailable` when it cannot be understood. */
export async function readLog(sql: Sql, runId: string): Promise<Log> {
  const events = (await sql.rows(selectLog, [runId])) as StoredEvent[];
  const spent: Spent = { usage: undefined, cost: '0', reported: false };
  const log: Log = { turns: [], turnCount: 0, answer: undefined, interrupted: [], spent, resumeSeq: 2 };
  const open = new Map<string, string>();
  for (const event of events) {
    if (event.type === 'llm.turn.completed') {
      const { assistant_message: message, usage, cost } = event.data;
      const text = message.content.map((part) => part.text ?? '').join('');
      const calls = message.tool_calls?.map(({ tool_call_id: id, tool_name: name, arguments: args }) => ({
        id,
        name,
        arguments: JSON.stringify(args),
      }));
      log.turns.push({ role: 'assistant', content: text, ...(calls && { tool_calls: calls }) });
      log.turnCount++;
      log.answer = calls?.length ? undefined : { llmCallId: event.data.llm_call_id ?? '', text, message };
      log.spent = { ...log.spent, usage: addUsage(log.spent.usage, usage), cost: addMicros(log.spent.cost, cost?.amount_micros ?? 0) };
      for (const { tool_call_id: id, tool_name: name } of message.tool_calls ?? []) open.set(id, name);
    } else if (event.type === 'tool.result') {
      const { tool_call_id: id, tool_name: name, result, error } = event.data;
      open.delete(id);
      log.turns.push(toolMessage(id, name, result ?? { error }, error !== undefined));
    }
    log.resumeSeq = event.seq + 1;
  }
  for (const [id, name] of open) {
    const error = { error_class: 'tool.interrupted', message: 'The worker stopped before the tool had ended.' };
    log.interrupted.push({ type: 'tool.result', data: { tool_call_id: id, tool_name: name, error, duration_ms: 0 } });
    log.turns.push(toolMessage(id, name, { error }, true));
  }
  return log;
}

const toolMessage = (id: string, name: string, content: unknown, isError: boolean): ModelMessage => ({
  role: 'tool',
  tool_call_id: id,
  tool_name: name,
  content: JSON.stringify(content),
  is_error: isError,
});

const addMicros = (dollars: string, micros: number) => String((Math.round(Number(dollars) * 1e6) + micros) / 1e6);

/** The visible transcript up to the message that was the newest when the run was created, with the turns of a run it takes up. */
export async function readHistory(
  sql: Sql,
  run: LeasedRun,
): Promise<{ messages: ModelMessage[]; lastUserMessage: string; firstUserMessage: string }> {
  const rows = await sql.rows(selectHistory, [run.account_id, run.thread_id, run.tail_message_number]);
  const messages = rows.map(({ role, content }): ModelMessage => ({ role, content }));
  const lastUser = rows.findLastIndex((row) => row.role === 'user');
  if (lastUser < 0) throw new RunFailure('internal.error', 'The thread has no message to answer.', { code: 'internal.empty_thread' });
  if (run.resume_from_run_id) {
    // If they cannot be read, the run starts without them.
    const earlier = await readLog(sql, run.resume_from_run_id).catch(() => undefined);
    const at = run.source === 'continue' ? messages.length : lastUser;
    messages.splice(at, 0, ...(earlier?.turns ?? []));
  }
  return { messages, lastUserMessage: textOf(rows[lastUser]), firstUserMessage: textOf(rows.find((row) => row.role === 'user')) };
}

const textOf = (row: MessageRow | undefined) => row?.content ?? '';
