import { type ChatCompletion, maxAnswerMs, type NewChatCompletion } from '../../contract/chatCompletions.ts';
import { accountShare } from '../database/connection/connectionShares.ts';
import { overloaded } from '../http/access/authenticateRequest.ts';
import type { App } from '../http/app.ts';
import { countUpload } from '../http/body/uploadMemory.ts';
import type { Recheck } from '../http/pipeline/recheck.ts';
import type { Scope } from '../http/scope.ts';
import { eventStream, restAfter, type StreamBody } from '../http/sse.ts';
import { metered } from '../models/metering.ts';
import type { Model, ModelEvent, ModelRequest } from '../models/model.ts';
import { openModel } from '../models/openModel.ts';
import { unsupportedParameters } from '../models/parameters.ts';
import type { RouteDecision } from '../models/routing/routeSnapshot.ts';
import { answerLimitsOf } from '../models/wire/answerLimits.ts';
import type { ConcurrencyLimiter } from '../platform/concurrency.ts';
import { newId } from '../platform/crypto/ids.ts';
import { databaseDate } from '../platform/databaseClock.ts';
import { Failure, failWith, invalidField, notFound } from '../platform/failure.ts';
import { limiterKeyOf } from '../platform/limiterKey.ts';
import { maxTimerMs } from '../platform/timers.ts';
import { lockRunSlots } from '../resources/accounts/queries.ts';
import { remainingOf, selectKeyBudget } from '../resources/credits/keyBudget.ts';
import { readEntitlements, type Settings } from '../resources/settings/settings.ts';
import { checkQuotas } from '../runs/execute/quotas.ts';
import { type AnswerHead, encodeChunks, viewAnswer, viewChunks } from './answer.ts';
import { type CompletionCharge, createCharge } from './charge.ts';
import { modelNotFound, toFailure } from './failures.ts';
import { resolveModel } from './models.ts';
import * as queries from './queries.ts';
import { checkUrls, loadImages, type RemoteImage } from './remoteImages.ts';
import { lastUserText, toModelRequest } from './request.ts';

type Call = { head: AnswerHead; events: AsyncGenerator<ModelEvent>; stop(reason: Failure): void };

/** `leaving` aborts when the client disconnects. `slots` limits the calls of this process. `releaseSlot` is called once the call has its own. */
type Limits = { leaving: AbortSignal; slots: ConcurrencyLimiter; releaseSlot(): void; recheck: Recheck };

const underWay = limiterKeyOf('chat completions');

/** Answers with JSON or a stream. Throws 400, 402, 403, 404, 429, 502 or 503 before the first event of a stream. */
export async function createCompletion(
  scope: Scope,
  body: NewChatCompletion,
  { leaving, slots, releaseSlot, recheck }: Limits,
): Promise<ChatCompletion | StreamBody> {
  const leaveSlot = slots.acquire(underWay);
  if (!leaveSlot) throw overloaded();
  try {
    const call = await openCall(scope, body, { leaving, recheck, onEnd: leaveSlot }).catch((error: unknown) => {
      leaveSlot();
      throw error;
    });
    // An answer can take minutes.
    releaseSlot();
    return body.stream ? await streamAnswer(scope, call, body.stream_options?.include_usage ?? false, leaving) : await readAnswer(call);
  } catch (error) {
    // The client has disconnected: nobody reads the response.
    throw leaving.aborted ? failWith('upstream', 'client_disconnected', 'The client disconnected.') : toFailure(error);
  }
}

/** Makes all checks, reserves credits and stores the call. The requests for images and to the provider start with the first event. `onEnd` is called when the call has ended. */
async function openCall(
  scope: Scope,
  body: NewChatCompletion,
  { leaving, recheck, onEnd }: Pick<Limits, 'leaving' | 'recheck'> & { onEnd(): void },
): Promise<Call> {
  const { app, accountId, actor, client } = scope;
  const settings = await readEntitlements(app.database, accountId);
  const { request, remote } = await toModelRequest(body);
  checkUrls(remote);
  const decided = await resolveModel(scope, settings, {
    name: body.model,
    reasoningMode: request.reasoning_mode,
    lastUserMessage: lastUserText(request),
  });
  if (!decided) throw modelNotFound(body.model);
  checkParameters(decided, request);
  const model = openModel(decided.route, { outbound: app.outbound, ...answerLimitsOf(settings) });
  const id = newId();
  await checkQuotas(app.database, { id, account_id: accountId }, settings);
  const now = databaseDate();
  const head = { id: `chatcmpl-${id}`, created: Math.floor(now.getTime() / 1_000), model: decided.event.model };
  const reservation = await startCompletion(scope, settings, id, body, decided);
  // From here on, nothing throws before the events are read, which always settles the call.
  const limit = new AbortController();
  const stop = (reason: Failure) => limit.abort(reason);
  const key_hash = actor.keyHash ?? null;
  const facts = { id, account_id: accountId, trace_id: client.traceId, key_hash, reservation, route: decided, settings };
  const charge = createCharge(app, { ...facts, recheck, stop });
  const maxMs = Math.min(settings['limit.run_wall_clock_timeout_ms'], body.stream ? maxTimerMs : maxAnswerMs);
  const timer = setTimeout(() => stop(tooLong(maxMs)), maxMs).unref();
  const end = () => {
    clearTimeout(timer);
    onEnd();
  };
  const signal = AbortSignal.any([leaving, limit.signal]);
  const events = loadAndAsk(app, remote, metered(model, charge.meter), request, signal);
  return { head, events: settled(events, charge, leaving, end), stop };
}

async function* loadAndAsk(
  app: App,
  remote: RemoteImage[],
  model: Model,
  request: ModelRequest,
  signal: AbortSignal,
): AsyncGenerator<ModelEvent> {
  // Until the end of the call, which keeps its images.
  using memory = countUpload(app.config);
  await loadImages(app.outbound, remote, { leaving: signal, memory });
  yield* model.stream(request, signal);
}

/** Not 408 or 504: the clients of OpenAI repeat those, and every attempt is charged. */
const tooLong = (maxMs: number) =>
  new Failure('invalid', `The call took longer than its limit of ${maxMs} ms.`, { reason: 'completion_too_long', issues: [] });

function checkParameters({ route }: RouteDecision, request: ModelRequest) {
  const [first] = unsupportedParameters(route, request);
  if (first) throw invalidField(`/${first}`, `is not supported by the API of the provider of ${route.model}`, 'unsupported_parameter');
}

/** Inserts the row of a call with its first reservation. Throws 402, 403 or 429. */
async function startCompletion(
  scope: Scope,
  settings: Settings,
  id: string,
  body: NewChatCompletion,
  { event, prices, multiplier }: RouteDecision,
) {
  const { app, accountId, actor, client } = scope;
  return app.database.of(accountShare(accountId)).transaction(async (tx) => {
    await tx.row(lockRunSlots, { accountId });
    const [row, keyBudget] = await Promise.all([
      tx.row(queries.selectLimits, { accountId }),
      actor.apiKeyId ? tx.row(selectKeyBudget, { accountId, apiKeyId: actor.apiKeyId }) : undefined,
    ]);
    const limits = row!;
    if (limits.account_status === null) throw notFound();
    if (limits.account_status !== 'active') throw failWith('forbidden', 'account_suspended', 'This account is suspended.');
    const maxRunning = settings['limit.concurrent_runs'] || app.config.maxConcurrentRunsPerAccount;
    if (maxRunning > 0 && (limits.running ?? 0) >= maxRunning)
      throw new Failure(
        'rate_limited',
        'Too many chat completions at once.',
        { reason: 'concurrent_completions_exceeded' },
        { 'retry-after': '1' },
      );
    const available = Math.max(0, limits.balance - limits.reserved);
    if (available === 0)
      throw failWith('unpaid', 'credits_exhausted', 'The account has no credits left, or calls under way have reserved them.', {
        balance: limits.balance,
        reserved: limits.reserved,
      });
    const reservation = Math.min(settings['credit.run_reservation'], available, remainingOf(keyBudget));
    const inserted = await tx.run(queries.insertCompletion, {
      accountId,
      id,
      userId: actor.userId,
      apiKeyId: actor.apiKeyId ?? null,
      model: event.model,
      route: JSON.stringify({ prices, multiplier }),
      reservation,
      endUser: body.user ?? null,
      metadata: body.metadata ? JSON.stringify(body.metadata) : null,
      traceId: client.traceId,
    });
    if (inserted === 0) throw failWith('unauthenticated', 'invalid_token', 'The credential is no longer valid.');
    return reservation;
  });
}

/** Charges the call once, however it ends: after its last event, a failure, or when the client leaves. Then calls `onEnd`. */
async function* settled(
  events: AsyncIterable<ModelEvent>,
  charge: CompletionCharge,
  leaving: AbortSignal,
  onEnd: () => void,
): AsyncGenerator<ModelEvent> {
  let status: queries.EndStatus = 'cancelled';
  try {
    for await (const event of events) {
      // Before the client sees the end, so that its next request finds the balance.
      if (event.type === 'finish') {
        status = 'completed';
        await charge.settle(status);
      }
      yield event;
    }
  } catch (error) {
    status = leaving.aborted ? 'cancelled' : 'failed';
    throw error;
  } finally {
    await charge.settle(status);
    onEnd();
  }
}

async function readAnswer({ head, events }: Call): Promise<ChatCompletion> {
  for await (const event of events) if (event.type === 'finish') return viewAnswer(head, event);
  throw failWith('upstream', 'upstream_request_failed', 'The model ended without an answer.');
}

/** Waits for the first event, so that a failure before it has a status of its own. */
async function streamAnswer(
  { app, client }: Scope,
  { head, events, stop }: Call,
  withUsage: boolean,
  leaving: AbortSignal,
): Promise<StreamBody> {
  // A generator that waits for its consumer does not notice the signal.
  leaving.addEventListener('abort', () => void events.return(undefined).catch(() => undefined), { once: true });
  // Until then the response has no headers.
  const timer = setTimeout(() => stop(tooLong(maxAnswerMs)), maxAnswerMs).unref();
  const first = await events.next().finally(() => clearTimeout(timer));
  const onDefect = (error: unknown) => app.log.error({ err: error, trace_id: client.traceId }, 'a chat completion failed');
  return eventStream(encodeChunks(viewChunks(head, restAfter(first, events), withUsage), { traceId: client.traceId, onDefect }), {
    heartbeatMs: app.config.sseHeartbeatSeconds * 1_000,
    signal: leaving,
    onError: onDefect,
  });
}
