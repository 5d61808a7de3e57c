import type { RunEventInput } from '../../../contract/events.ts';
import type { ModelMessage } from '../../models/model.ts';
import { newId } from '../../platform/crypto/ids.ts';
import type { InputPhase } from '../injection.ts';
import { parseUserResponse, type Question } from '../tools/askUser.ts';
import type { PendingQuestion } from '../tools/callReports.ts';
import type { CallOutcome } from '../tools/executeCalls.ts';
import { truncateResult } from '../tools/truncateResult.ts';
import type { PendingRequest, RunPort, UserReply } from './runPort.ts';

export type UserRequestDeps = {
  port: RunPort;
  /** How long a question waits, in milliseconds. */
  answerTimeoutMs: number;
  /** Scans user input before the model reads it. */
  guardInput(text: string, phase: InputPhase): Iterable<RunEventInput>;
};

type Asked =
  | { reason: 'ask_user'; question: Question }
  | { reason: 'check_in'; iter: number }
  | { reason: 'elicitation'; asked: PendingQuestion };

/** Sends a request to the user and waits. Undefined if no answer came in time. A `pending` request keeps its deadline. */
async function* wait(
  { port }: UserRequestDeps,
  asked: Asked,
  waitMs: number,
  pending?: PendingRequest,
): AsyncGenerator<RunEventInput, UserReply | undefined> {
  const requestId = pending?.requestId ?? newId();
  if (pending?.requestId && pending.expiresAt) return port.waitForAnswer(requestId, pending.expiresAt);
  const expires_at = new Date(Math.min((await port.now()) + waitMs, lastInstant)).toISOString();
  const question = asked.reason === 'ask_user' ? asked.question : asked.reason === 'elicitation' ? questionOf(asked.asked) : {};
  const iter = asked.reason === 'check_in' ? { iter: asked.iter } : {};
  if (!pending?.requestId) yield { type: 'run.input_requested', data: { request_id: requestId, ...question, ...iter } };
  yield {
    type: 'run.waiting_for_input',
    data: { request_id: requestId, reason: asked.reason, ...question, timeout_ms: waitMs, expires_at },
  };
  return port.waitForAnswer(requestId, expires_at, asked.reason === 'elicitation' ? asked.asked.signal : undefined);
}

const questionOf = ({ callId, question: { message, requestedSchema, server } }: PendingQuestion) => ({
  message,
  requestedSchema,
  mcp_server: server,
  tool_call_id: callId,
});

/** The last instant with a four-digit year. */
const lastInstant = Date.UTC(9999, 11, 31);

export async function* askQuestion(
  deps: UserRequestDeps,
  call: { callId: string; question: Question },
  pending?: PendingRequest,
): AsyncGenerator<RunEventInput, CallOutcome> {
  const began = performance.now();
  const answer = yield* wait(deps, { reason: 'ask_user', question: call.question }, deps.answerTimeoutMs, pending);
  const durationMs = Math.round(performance.now() - began);
  if (answer === undefined) {
    const error = { error_class: 'run.paused_waiting_user', message: 'The user did not answer in time.' };
    return { result: { user_response: '', dismissed: true, paused: true }, error, durationMs };
  }
  yield* deps.guardInput(answer.content, 'ask_user');
  return { result: truncateResult(parseUserResponse(answer.content)), durationMs };
}

/** Waits for optional user input before the next turn. Undefined if none came in time. */
export async function* checkIn(
  deps: UserRequestDeps,
  iter: number,
  waitMs: number,
  pending?: PendingRequest,
): AsyncGenerator<RunEventInput, ModelMessage | undefined> {
  const said = yield* wait(deps, { reason: 'check_in', iter }, waitMs, pending);
  if (said === undefined) return undefined;
  yield* deps.guardInput(said.content, 'interactive_checkin');
  return { role: 'user', content: said.content };
}

/** Asks the question of an MCP server during its call. Without an answer in time, the server reads that the user has closed it. */
export async function* askForServer(deps: UserRequestDeps, asked: PendingQuestion): AsyncGenerator<RunEventInput, void> {
  if (asked.signal.aborted) return;
  const { action = 'cancel', content = '' } = (yield* wait(deps, { reason: 'elicitation', asked }, deps.answerTimeoutMs)) ?? {};
  asked.answer(action === 'accept' ? { action, content } : { action });
}
