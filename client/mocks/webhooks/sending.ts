import type { Run, RunSummary } from '../../../contract/runs.ts';
import {
  type NewWebhookReplay,
  type WebhookDelivery,
  type WebhookDeliveryDetail,
  type WebhookEndpoint,
  type WebhookError,
  WebhookEvent,
  type WebhookEventType,
  type WebhookFilter,
  type WebhookReplay,
  type WebhookRun,
} from '../../../contract/webhooks.ts';
import { signTestWebhook } from '../../testing/webhooks.ts';
import type { EngineBase } from '../engine.ts';
import { notify } from '../notifications.ts';
import { resourceType } from '../resourceTypes.ts';

const endpointKind = resourceType('/v1/webhook-endpoints');
const deliveryKind = resourceType('/v1/webhook-endpoints/{endpoint_id}/deliveries');
const threadKind = resourceType('/v1/threads');
const memberKind = resourceType('/v1/accounts/{account_id}/members');

const maxAttempts = 5;
const maxConsecutiveFailures = 20;
const requestTimeoutMs = 10_000;
const maxBodyBytes = 4_096;
const maxDelayMs = 3_600_000;

/** Receives a webhook, such as `fetch` or the handler of an application. Without a response, the webhook counts as accepted. */
export type WebhookReceiver = (request: Request) => Response | undefined | void | Promise<Response | undefined | void>;

/** Thrown by a receiver for an address to which nothing is sent. */
export class UrlDenied extends Error {}

/** An endpoint as it is stored. */
export type MockEndpoint = WebhookEndpoint & {
  signing_secret?: string;
  previous_signing_secret?: string;
  consecutive_failures?: number;
  headers?: Record<string, string>;
  last_replay?: WebhookReplay;
};

type Result = { error: WebhookError | null; status: number | null; body: string | null };

/** Sends the ends of runs to the webhook endpoints of their accounts. */
export class Webhooks {
  readonly #engine: EngineBase;
  readonly #receive: WebhookReceiver;
  readonly #retryMs: number;
  readonly #stop = new AbortController();

  constructor(engine: EngineBase, receive: WebhookReceiver, retryMs: number) {
    this.#engine = engine;
    this.#receive = receive;
    this.#retryMs = retryMs;
  }

  /** Adds the deliveries of an ended run. */
  runEnded(run: Run & RunSummary, resumable: boolean, ids: Pick<EngineBase['fakes'], 'id'>) {
    const event = eventOf(run, resumable);
    const isSubscribed = ({ account_id: owner, enabled, events, filter }: MockEndpoint) =>
      owner === run.account_id && enabled && events.includes(event.type) && this.#passes(filter, run);
    for (const { value } of this.#engine.state.rows(endpointKind, (row) => isSubscribed(row.value as MockEndpoint)))
      this.#add(value as MockEndpoint, event, ids.id(this.#engine.now()));
  }

  #passes({ project_ids: projects, persona_ids: personas }: WebhookFilter, { persona_id, thread_id }: Run): boolean {
    if (personas.length > 0 && !personas.includes(persona_id ?? '')) return false;
    return (
      projects.length === 0 ||
      this.#engine.state.rows(threadKind, ({ value }) => value.id === thread_id && projects.includes(value.project_id as string)).length > 0
    );
  }

  /** Sends an example of an event. */
  test(endpoint: MockEndpoint, type: WebhookEventType, trace_id: string): WebhookDelivery {
    const { fakes, now, time } = this.#engine;
    return this.#add(endpoint, exampleOf(type, endpoint.account_id, trace_id, time()), fakes.id(now()));
  }

  /** Sends the messages of a time range again, oldest first. */
  replay(endpoint: MockEndpoint, { since, until = this.#engine.time(), only_failed }: NewWebhookReplay): WebhookReplay {
    const { fakes, now, state, time } = this.#engine;
    const all = state
      .rows(deliveryKind, ({ value }) => value.endpoint_id === endpoint.id)
      .map(({ value }) => value as WebhookDeliveryDetail);
    const isWanted = (each: WebhookDeliveryDetail) =>
      !each.redelivery_of &&
      !each.is_test &&
      each.status !== 'pending' &&
      each.created_at >= since &&
      each.created_at < until &&
      !(only_failed && all.some(({ message_id, status }) => message_id === each.message_id && status !== 'failed'));
    const wanted = all.filter(isWanted).toReversed();
    for (const each of wanted) this.#add(endpoint, each.payload, fakes.id(now()), each);
    const { id: endpoint_id, account_id } = endpoint;
    const range = { since, until, only_failed, total: wanted.length };
    endpoint.last_replay = {
      endpoint_id,
      account_id,
      status: 'completed',
      ...range,
      queued: wanted.length,
      created_at: time(),
      ended_at: time(),
    };
    return { ...endpoint.last_replay, status: 'running', queued: 0, ended_at: null };
  }

  /** Sends the message of an ended delivery again. */
  redeliver(endpoint: MockEndpoint, delivery: WebhookDelivery & { payload?: WebhookEvent }): WebhookDelivery {
    const { fakes, now } = this.#engine;
    // A test can add a delivery without its payload.
    delivery.payload ??= fakes.of(WebhookEvent, `payload ${delivery.id}`);
    return this.#add(endpoint, delivery.payload, fakes.id(now()), delivery);
  }

  /** Continues the deliveries that were pending when the state was saved. */
  resume() {
    for (const { value } of this.#engine.state.rows(deliveryKind)) {
      const delivery = value as WebhookDeliveryDetail;
      const [endpoint] = this.#engine.state.rows(endpointKind, (row) => row.value.id === delivery.endpoint_id);
      if (endpoint && delivery.status === 'pending') void this.#deliver(endpoint.value as MockEndpoint, delivery);
    }
  }

  stop() {
    this.#stop.abort();
  }

  #add(endpoint: MockEndpoint, payload: WebhookEvent, id: string, redelivered?: WebhookDelivery): WebhookDelivery {
    const { id: endpoint_id, account_id } = endpoint;
    const time = this.#engine.time();
    const value: WebhookDeliveryDetail = {
      ...{
        id,
        endpoint_id,
        account_id,
        message_id: redelivered?.message_id ?? `msg_${payload.test || !('run_id' in payload.data) ? id : payload.data.run_id}`,
        event_type: payload.type,
        status: 'pending',
      },
      ...{ attempts: 0, last_attempt_at: null, next_attempt_at: time, response_status: null, response_body: null, error: null },
      ...{ redelivery_of: redelivered?.id ?? null, is_test: payload.test === true, created_at: time, payload, attempt_log: [] },
    };
    this.#engine.state.add(deliveryKind, { owner: account_id, parents: { endpoint_id }, value });
    void this.#deliver(endpoint, value);
    return { ...value };
  }

  /** Attempts a delivery until it ends. */
  async #deliver(endpoint: MockEndpoint, delivery: WebhookDeliveryDetail) {
    const { signal } = this.#stop;
    while (delivery.status === 'pending' && !signal.aborted) {
      const attempted = this.#engine.time();
      const { error, status, body } = await this.#attempt(endpoint, delivery);
      if (signal.aborted || delivery.status !== 'pending') return;
      const attempts = delivery.attempts + 1;
      const isFinal = delivery.is_test || attempts >= maxAttempts || status === 410;
      const delayMs = Math.min(maxDelayMs, this.#retryMs * 2 ** attempts);
      delivery.attempt_log = [
        ...(delivery.attempt_log ?? []).slice(-19),
        {
          attempted_at: attempted,
          duration_ms: 1,
          response_status: status,
          response_body: body && [...body].slice(0, 1_000).join(''),
          error,
        },
      ];
      Object.assign(delivery, { attempts, last_attempt_at: attempted, response_status: status, response_body: body, error });
      if (error === null) end(delivery, 'delivered');
      else if (isFinal) end(delivery, 'failed');
      else delivery.next_attempt_at = this.#engine.time(delayMs);
      if (error === null && !delivery.is_test) endpoint.consecutive_failures = 0;
      else if (isFinal && !delivery.is_test) this.#countFailure(endpoint, status === 410);
      this.#engine.save();
      if (delivery.status === 'pending') await wait(delayMs, signal);
    }
  }

  async #attempt(endpoint: MockEndpoint, delivery: WebhookDeliveryDetail): Promise<Result> {
    const timeout = AbortSignal.timeout(requestTimeoutMs);
    try {
      const signed = await this.#sign(endpoint, delivery);
      if (!signed) return { error: 'secret_unreadable', status: null, body: null };
      const signal = AbortSignal.any([timeout, this.#stop.signal]);
      const request = new Request(endpoint.url, { method: 'POST', ...signed, redirect: 'manual', signal });
      const response = (await this.#receive(request)) ?? new Response(null, { status: 204 });
      const text = await response.arrayBuffer().catch(() => new ArrayBuffer());
      const { status } = response;
      const start = new TextDecoder().decode(text.slice(0, maxBodyBytes));
      return { error: errorOf(response), status: status || null, body: start };
    } catch (error) {
      const why = error instanceof UrlDenied ? 'url_denied' : timeout.aborted ? 'timeout' : 'connection_failed';
      return { error: why, status: null, body: null };
    }
  }

  /** Signs with the secret and, in its grace period, the previous one. A test can add an endpoint without a secret. */
  async #sign(endpoint: MockEndpoint, { id: deliveryId, message_id: id, payload }: WebhookDeliveryDetail) {
    const { signing_secret: secret, previous_signing_secret: previous, previous_secret_expires_at: end } = endpoint;
    if (!secret) return undefined;
    const secrets = previous && end && Date.parse(end) > this.#engine.now() ? [secret, previous] : [secret];
    const options = { id, at: new Date(this.#engine.now()) };
    const signed = await Promise.all(secrets.map((each) => signTestWebhook(payload, each, options)));
    const signatures = signed.map(({ headers }) => headers['webhook-signature']).join(' ');
    const more = { ...endpoint.headers, 'user-agent': 'Arkloop-Webhooks/1', 'x-arkloop-delivery': deliveryId };
    return { body: signed[0]!.body, headers: { ...more, ...signed[0]!.headers, 'webhook-signature': signatures } };
  }

  #countFailure(endpoint: MockEndpoint, isGone: boolean) {
    endpoint.consecutive_failures = (endpoint.consecutive_failures ?? 0) + 1;
    if (!endpoint.enabled || (!isGone && endpoint.consecutive_failures < maxConsecutiveFailures)) return;
    const reason = isGone ? 'gone' : 'consecutive_failures';
    Object.assign(endpoint, { enabled: false, disabled_reason: reason });
    failPending(this.#engine, endpoint.id);
    const { id: endpoint_id, account_id: accountId, url } = endpoint;
    const content = {
      title: 'A webhook endpoint was disabled',
      body: `${new URL(url).host} receives nothing until somebody enables it again.`,
    };
    const isAdmin = ({ account_id: id, role }: { account_id?: unknown; role?: unknown }) => id === accountId && role === 'admin';
    for (const { value } of this.#engine.state.rows(memberKind, (row) => isAdmin(row.value)))
      notify(
        this.#engine,
        { userId: value.user_id as string, accountId },
        { type: 'webhook.endpoint_disabled', ...content, payload: { endpoint_id, reason } },
      );
  }
}

/** Resolves after `ms` or when the signal aborts. Does not keep a process of Node alive: a test may end before its last retry. */
const wait = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    const timer: unknown = setTimeout(resolve, ms);
    (timer as { unref?: () => void }).unref?.();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });

function end(delivery: WebhookDeliveryDetail, status: 'delivered' | 'failed') {
  Object.assign(delivery, { status, next_attempt_at: null });
}

/** Fails the pending deliveries of a disabled endpoint. */
export function failPending({ state }: Pick<EngineBase, 'state'>, endpointId: string) {
  const isPending = ({ endpoint_id: id, status }: WebhookDeliveryDetail) => id === endpointId && status === 'pending';
  for (const { value } of state.rows(deliveryKind, (row) => isPending(row.value as WebhookDeliveryDetail))) {
    end(value as WebhookDeliveryDetail, 'failed');
    value.error = 'endpoint_disabled';
  }
}

function errorOf({ ok, status, type }: Response): WebhookError | null {
  if (ok) return null;
  return type === 'opaqueredirect' || (status >= 300 && status < 400) ? 'redirect' : 'http_status';
}

function eventOf(run: Run & RunSummary, resumable: boolean): WebhookEvent {
  const { run_id, account_id, thread_id, created_at, completed_at, failed_at, cancelled_at, model, error, trace_id } = run;
  const { total_input_tokens, total_output_tokens, total_cost_usd, credits_used } = run;
  const status = run.status as WebhookRun['status'];
  return {
    type: `run.${status}`,
    timestamp: (completed_at ?? failed_at ?? cancelled_at)!,
    data: {
      ...{ run_id, account_id, thread_id, status, created_at, completed_at, failed_at, cancelled_at, model, total_input_tokens },
      ...{ total_output_tokens, total_cost_usd, credits_used: credits_used ?? 0, error_class: error?.error_class ?? null },
      ...{ resumable: status === 'failed' ? resumable : null, trace_id },
    },
  };
}

/** IDs of a test event refer to nothing. */
const nil = '00000000-0000-0000-0000-000000000000';

function exampleOf(type: WebhookEventType, account_id: string, trace_id: string, at: string): WebhookEvent {
  const common = { timestamp: at, test: true } as const;
  const run = { run_id: nil, account_id, thread_id: nil, trace_id };
  const period = { current_period_start: at, current_period_end: at, cancelled_at: null, created_at: at };
  switch (type) {
    case 'run.waiting_for_input':
      return { type, ...common, data: { ...run, request_id: nil, reason: 'ask_user', expires_at: at } };
    case 'member.joined':
      return { type, ...common, data: { account_id, user_id: nil, role: 'member', trace_id } };
    case 'subscription.changed': {
      const subscription = { id: nil, account_id, plan_id: nil, status: 'active' as const, ...period };
      return { type, ...common, data: { account_id, change: 'updated', subscription, trace_id } };
    }
    case 'api_key.expiring': {
      const key = { api_key_id: nil, user_id: nil, name: 'Example', key_prefix: 'al_0000', expires_at: at };
      return { type, ...common, data: { account_id, ...key, trace_id } };
    }
    case 'credits.low':
      return { type, ...common, data: { account_id, balance: 90, threshold: 100, trace_id } };
    case 'account.erasure_scheduled':
    case 'account.erasure_cancelled':
      return { type, ...common, data: { account_id, erasure_id: nil, due_at: at, trace_id } };
    case 'account.erased':
      return { type, ...common, data: { account_id, erasure_id: nil, erased_account_id: nil, finished_at: at, trace_id } };
    default: {
      const status = type.slice('run.'.length) as WebhookRun['status'];
      const isFailed = status === 'failed';
      const data: WebhookRun = {
        ...{ ...run, status, created_at: at, completed_at: status === 'completed' ? at : null, failed_at: isFailed ? at : null },
        ...{
          cancelled_at: status === 'cancelled' ? at : null,
          model: 'example-model',
          total_input_tokens: 1_200,
          total_output_tokens: 300,
        },
        ...{ total_cost_usd: 0, credits_used: 0, error_class: isFailed ? 'provider.retryable' : null, resumable: isFailed ? true : null },
      };
      return { type, ...common, data };
    }
  }
}
