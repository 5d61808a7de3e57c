import type { RunStep } from '../../../contract/events.ts';
import { newId } from '../../kernel/ids.ts';
import type { InputPhase } from '../injection.ts';
import type { ModelMessage } from '../model.ts';
import { type Question, responseOf } from '../tools/askUser.ts';
import type { Outcome } from '../tools/calls.ts';
import { cutResult } from '../tools/size.ts';
import type { Pending, RunPort } from './port.ts';

/** How a run asks its user. */
export type AskDeps = {
  port: RunPort;
  /** How long a question waits, in milliseconds. */
  waitMs: number;
  /** Looks at what a user says before the model reads it. */
  guardInput(text: string, phase: InputPhase): Iterable<RunStep>;
};

type Asked = { reason: 'ask_user'; question: Question } | { reason: 'check_in'; iter: number };

/** Ask the user and wait; undefined when no answer came in time. What was asked before goes on waiting until its own deadline. */
async function* wait({ port }: AskDeps, asked: Asked, waitMs: number, pending?: Pending): AsyncGenerator<RunStep, string | undefined> {
  const requestId = pending?.requestId ?? newId();
  if (pending?.requestId && pending.expiresAt) return port.answerTo(requestId, pending.expiresAt);
  const expires_at = new Date(Math.min((await port.now()) + waitMs, lastInstant)).toISOString();
  const question = asked.reason === 'ask_user' ? asked.question : {};
  const iter = asked.reason === 'check_in' ? { iter: asked.iter } : {};
  if (!pending?.requestId) yield { type: 'run.input_requested', data: { request_id: requestId, ...question, ...iter } };
  yield {
    type: 'run.waiting_for_input',
    data: { request_id: requestId, reason: asked.reason, ...question, timeout_ms: waitMs, expires_at },
  };
  return port.answerTo(requestId, expires_at);
}
/** The last instant that has four digits for its year. */
const lastInstant = Date.UTC(9999, 11, 31);

/** Ask a question of `ask_user`; how the call ended. */
export async function* askQuestion(
  deps: AskDeps,
  call: { callId: string; question: Question },
  pending?: Pending,
): AsyncGenerator<RunStep, Outcome> {
  const began = performance.now();
  const answer = yield* wait(deps, { reason: 'ask_user', question: call.question }, deps.waitMs, pending);
  const durationMs = Math.round(performance.now() - began);
  if (answer === undefined) {
    const error = { error_class: 'run.paused_waiting_user', message: 'The user did not answer in time.' };
    return { result: { user_response: '', dismissed: true, paused: true }, error, durationMs };
  }
  yield* deps.guardInput(answer, 'ask_user');
  return { result: cutResult(responseOf(answer)), durationMs };
}

/** Let the user say something before the run goes on; what was said, or undefined. */
export async function* checkIn(
  deps: AskDeps,
  iter: number,
  waitMs: number,
  pending?: Pending,
): AsyncGenerator<RunStep, ModelMessage | undefined> {
  const content = yield* wait(deps, { reason: 'check_in', iter }, waitMs, pending);
  if (content === undefined) return undefined;
  yield* deps.guardInput(content, 'interactive_checkin');
  return { role: 'user', content };
}
