import type { InputAction, RunEventInput } from '../../../contract/events.ts';
import type { RunInput, RunStatus } from '../../../contract/runRequests.ts';
import type { Queryable } from '../../database/sql.ts';
import type { Scope } from '../../http/scope.ts';
import { failWith, invalid, invalidField, notFound } from '../../platform/failure.ts';
import { remainingOf, selectKeyBudget } from '../credits/keyBudget.ts';
import { readEntitlements } from '../settings/settings.ts';
import { runEventValues } from './appendRunEvents.ts';
import { notCreator } from './cancel.ts';
import { type AskedSchema, isObject, readAnswer } from './elicitation.ts';
import * as queries from './eventQueries.ts';
import type { ReadableRun } from './service.ts';
import { ended } from './statuses.ts';

/**
 * Answers the pending input request of a run, or else adds a message that the run reads before its next turn. A repeated `input_key` is
 * accepted and ignored, even after the run has ended. Throws 400 `content_too_large`, `invalid_answer`,
 * `request_id_required` or `action_not_allowed`, 402, 403, 409 `run_not_active`, `question_closed` or `too_many_inputs`.
 */
export async function provideInput(scope: Scope, found: ReadableRun, input: RunInput): Promise<void> {
  const { content = '', action, request_id: requestId, input_key: key } = input;
  const { app, tx, accountId } = scope;
  if (found.created_by_user_id !== scope.actor.userId && !scope.isPlatformAdmin) throw notCreator();
  await checkKey(scope, found);
  const most = (await readEntitlements(app.database, accountId))['limit.max_input_content_bytes'];
  if (most > 0 && Buffer.byteLength(content) > most) throw invalidField('/content', `must hold at most ${most} bytes`, 'content_too_large');
  const outcome = await appendInput(tx, { accountId, id: found.id }, { content, action, requestId, key });
  if (outcome === 'missing') throw notFound();
  if (outcome === 'repeated') return scope.skipAudit();
  if (outcome === 'inactive') throw failWith('conflict', 'run_not_active', 'The run takes no input any more.');
  scope.afterCommit(() => app.runNotifier.notify(found.id));
}

/** The calls of a run that another credential has started are outside of the limits of a key. Throws 402 or 403 if the limits forbid new calls. */
async function checkKey({ tx, accountId, actor: { apiKeyId, models } }: Scope, run: ReadableRun) {
  if (!apiKeyId || run.api_key_id === apiKeyId) return;
  if (models)
    throw failWith(
      'forbidden',
      'model_not_allowed',
      'The API key may use only some models, so it can send input only to runs that it started.',
    );
  remainingOf(await tx.row(selectKeyBudget, { accountId, apiKeyId }));
}

type Input = { content: string; action?: InputAction | undefined; requestId?: string | undefined; key?: string | null | undefined };

/**
 * Appends input to a run: as the answer to its question, if it waits for one. Input with a repeated key changes nothing. Throws 400 if the
 * question does not allow the input, and 409 if it is meant for another question.
 */
export async function appendInput(
  tx: Queryable,
  { accountId, id }: { accountId: string; id: string },
  { content, action, requestId, key }: Input,
): Promise<'accepted' | 'repeated' | 'inactive' | 'missing'> {
  const run = await tx.row(queries.lockRun, { accountId, id });
  if (!run) return 'missing';
  if (key && (await isRepeated(tx, accountId, run, key))) return 'repeated';
  if (run.status !== 'running' && run.status !== 'waiting_for_input') return 'inactive';
  const asked = run.status === 'waiting_for_input' ? await tx.row(queries.selectInputRequest, { runId: run.id }) : undefined;
  const request = asked && { request_id: asked.data.request_id };
  if (requestId !== undefined && requestId !== request?.request_id)
    throw failWith('conflict', 'question_closed', 'The run does not wait for an answer to this question any more.');
  if (!request) await checkPending(tx, run, content);
  const taken = takeAction(asked?.data, { content, action, requestId });
  const events: RunEventInput[] = [{ type: 'run.input_provided', data: { content, ...request, ...taken, ...(key && { input_key: key }) } }];
  if (request) events.push({ type: 'run.resumed', data: { ...request, reason: 'user_input_received' } });
  await tx.run(queries.appendEvents, { runId: run.id, status: request ? 'running' : null, ...runEventValues(run.trace_id, events) });
  if (!request) await tx.run(queries.incrementPendingInputs, { accountId, id: run.id });
  return 'accepted';
}

/** What a run has not read yet. */
const maxPending = { inputs: 100, bytes: 2 ** 20 };

async function checkPending(tx: Queryable, { id: runId, pending_inputs: count }: { id: string; pending_inputs: number }, content: string) {
  const waiting = count > 0 ? (await tx.row(queries.selectInputBytes, { runId, count }))!.bytes : 0;
  if (count >= maxPending.inputs || waiting + Buffer.byteLength(content) > maxPending.bytes)
    throw failWith(
      'conflict',
      'too_many_inputs',
      `A run has at most ${maxPending.inputs} inputs of ${maxPending.bytes} bytes that it has not read yet.`,
    );
}

/** The action of input for the question of an MCP server. Other input has none. Throws 400 `invalid_answer` if the input does not match the schema of the question. */
function takeAction(asked: queries.InputRequest | undefined, { content, action, requestId }: Input): { action?: InputAction } {
  if (asked?.reason !== 'elicitation') {
    if (action) throw invalidField('/action', 'is only for a question of a tool server', 'action_not_allowed');
    // A model also reads plain text.
    if (asked?.reason === 'ask_user' && isObject(content)) checkAnswer(withEmptyLists(asked.requestedSchema), content);
    return {};
  }
  // Without it, the answer to a question that has closed meanwhile would be the answer to the next one.
  if (requestId === undefined) throw invalidField('/request_id', 'is required for the question of a tool server', 'request_id_required');
  if (action && action !== 'accept') return { action };
  checkAnswer(asked.requestedSchema, content);
  return { action: 'accept' };
}

/** Forms send an empty list if nothing is chosen. */
function withEmptyLists({ properties, required = [] }: AskedSchema): AskedSchema {
  const fields = Object.entries(properties).map(([key, field]) => [key, required.includes(key) ? field : { ...field, minItems: 0 }]);
  return { properties: Object.fromEntries(fields), required };
}

function checkAnswer(schema: AskedSchema, content: string): void {
  const read = readAnswer(schema, content);
  if ('issues' in read) throw invalid(read.issues, 'invalid_answer');
}

/** The caller holds the row lock of the run. */
async function isRepeated(
  tx: Queryable,
  accountId: string,
  { id: runId, status }: { id: string; status: RunStatus },
  key: string,
): Promise<boolean> {
  if (await tx.row(queries.selectInputOfKey, { runId, key })) return true;
  if (!ended.has(status)) return false;
  const archive = await tx.row(queries.selectArchivedInputKeys, { accountId, runId });
  return archive?.input_keys?.includes(key) ?? false;
}
