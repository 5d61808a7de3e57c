import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Call, callWithin, type HttpResponse } from '../../client/conformance/call.ts';
import type { RunEvent } from '../../contract/events.ts';
import type { Journal, KeyedWrite } from '../support/auditor/journal.ts';
import { isTerminal, openStream } from '../support/http/events.ts';
import type { Random } from './random.ts';

/** A registered user, whose tools and webhooks are set up. */
type User = { login: string; userId: string; accountId: string; token: string; signedInAt: number };

/** A request without an acknowledgment or a final refusal: the connection broke (0), no response came in time (-1), or 429 or 5xx. */
export type FailedRequest = { at: number; request: string; status: number; text: string };

export type LoadOptions = {
  url: string;
  upstreamUrl: string;
  admin: { login: string; password: string };
  journal: Journal;
  random: Random;
  /** Conversations at a time. */
  people: number;
  /** The least time between the steps of a conversation, in milliseconds. */
  pauseMs: number;
  /** Users sign in again when their access token is that old. Never by default. */
  tokenMs?: number;
  onFailure?: (failure: FailedRequest) => void;
};

/** Of all users of the load. */
export const loadPassword = 'Passw0rd-1';

/** Statuses of responses; 0 counts broken connections, and -1 requests without a response in time. */
type LoadTotals = { requests: number; acknowledged: number; statuses: Map<number, number> };

export type Load = {
  totals: LoadTotals;
  /** Uploads that were acknowledged: the content by key. */
  uploads: { key: string; login: string; token: string; content: string }[];
  /** The first user, for checks after the load. */
  anyUser(): User | undefined;
  users(): readonly User[];
  stop(): Promise<void>;
};

const requestMs = 10_000;
/** How long a write is repeated until it is given up without a response. */
const patienceMs = 45_000;
/** How long a reader follows one run. */
const followMs = 60_000;

/** The effect of these responses is unknown, or the server asks to try again. */
const isTransient = (status: number) => status <= 0 || status === 429 || status >= 500;

/** The server is busy with the first request of this key. */
const isInProgress = ({ status, body }: HttpResponse) => status === 409 && body?.details?.reason === 'idempotency_in_progress';

/**
 * Refusals that belong to the load: no credits left, a run of the thread is still open, another operation is running. Registration needs an
 * invite code while the flags cannot be read.
 */
const expectedRefusals = new Set([
  'thread_busy',
  'credits_exhausted',
  'credit_operation_running',
  'username_taken',
  'login_taken',
  'email_taken',
  'name_conflict',
  'invite_code_required',
]);

/** Starts sign-ups, conversations, runs, streams, uploads, searches and operations on credits. All writes are noted in the journal. */
export function startLoad(options: LoadOptions): Load {
  const { journal, random } = options;
  const load = new AbortController();
  const totals: LoadTotals = { requests: 0, acknowledged: 0, statuses: new Map() };
  const uploads: Load['uploads'] = [];
  const users: User[] = [];
  const api = createCalls(options, totals, load.signal);
  const pause = (factor = 1) => sleep(options.pauseMs * factor * (0.5 + random.next()));

  async function signUp(): Promise<User | undefined> {
    const login = `user-${randomUUID().slice(0, 13)}`;
    const noted: Journal['users'][number] = { login };
    journal.users.push(noted);
    const password = loadPassword;
    const registered = await api.repeat('POST', '/v1/auth/register', { body: { login, email: `${login}@example.test`, password } });
    // If the first response was lost, the name is taken by this user.
    const signedIn = registered.status === 409 ? await api.repeat('POST', '/v1/auth/login', { body: { login, password } }) : registered;
    if (signedIn.status !== 201 && signedIn.status !== 200) return undefined;
    const token: string = signedIn.body.access_token;
    if (registered.status === 201) {
      noted.userId = registered.body.user_id;
      totals.acknowledged++;
    }
    const me = await api.repeat('GET', '/v1/me', { token });
    if (me.status !== 200) return undefined;
    const user = { login, userId: me.body.id, accountId: me.body.account_id, token, signedInAt: Date.now() };
    const tools = { name: 'tools', transport: 'streamable_http', url: `${options.upstreamUrl}/mcp`, call_timeout_ms: 5_000 };
    await api.repeat('POST', '/v1/mcp-configs', { token, body: tools });
    const events = ['run.completed', 'run.failed', 'run.cancelled'];
    const endpoint = { url: `${options.upstreamUrl}/hooks`, events };
    await api.repeat('POST', '/v1/webhook-endpoints', { token, body: endpoint, headers: { 'idempotency-key': randomUUID() } });
    return user;
  }

  /** As a client whose access token is about to expire. */
  async function signInAgain(user: User, password: string) {
    if (Date.now() - user.signedInAt < (options.tokenMs ?? Number.POSITIVE_INFINITY)) return;
    const signedInAt = Date.now();
    const { status, body } = await api.repeat('POST', '/v1/auth/login', { body: { login: user.login, password } });
    if (status === 200) Object.assign(user, { token: body.access_token, signedInAt });
  }

  /** Sends a write until it is acknowledged, and sometimes once more. Returns the id, or undefined if the write was refused or given up. */
  async function write(user: User, kind: KeyedWrite['kind'], path: string, bodyOf: (key: string) => object, threadId?: string) {
    const key = `${kind}-${randomUUID()}`;
    const { userId, accountId, token } = user;
    const noted: KeyedWrite = { kind, key, userId, accountId, path, attempts: 0, ...(threadId !== undefined && { threadId }) };
    journal.writes.push(noted);
    const send = { token, body: bodyOf(key), headers: { 'idempotency-key': key } };
    const response = await api.repeat('POST', path, send, () => void noted.attempts++);
    if (response.status !== 200 && response.status !== 201) return undefined;
    const id: string = idOf(response);
    noted.acknowledged = { status: response.status, id };
    totals.acknowledged++;
    if (random.next() < 0.15) {
      const again = await api.call('POST', path, send);
      noted.attempts++;
      if (again.status === response.status && idOf(again) !== id)
        journal.complaints.push({ kind: 'idempotency.replay', subject: key, detail: `${id} at first, then ${idOf(again)}` });
    }
    return id;
  }

  async function converse(user: User) {
    await signInAgain(user, loadPassword);
    const threadId = await write(user, 'thread', '/v1/threads', (title) => ({ title }));
    if (!threadId) return;
    for (let round = random.integer(1, 3); round > 0 && !load.signal.aborted; round--) {
      await signInAgain(user, loadPassword);
      const messageId = await write(user, 'message', `/v1/threads/${threadId}/messages`, (content) => ({ content }), threadId);
      // Without a new message, the model would ask for the same tool calls again.
      if (!messageId) return;
      if (random.next() < 0.1) await upload(user);
      const runId = await write(user, 'run', `/v1/threads/${threadId}/runs`, () => ({}), threadId);
      if (!runId) return;
      if (random.next() < 0.1) cancelLater(user, runId).catch(() => undefined);
      await follow(user, runId);
      await signInAgain(user, loadPassword);
      await read(user, threadId, runId);
      await pause();
    }
  }

  async function cancelLater({ token }: User, runId: string) {
    await sleep(random.integer(0, 1_500));
    await api.call('POST', `/v1/runs/${runId}:cancel`, { token });
  }

  /** Reads the events and reconnects with the last seq until the final event. */
  async function follow(user: User, runId: string) {
    const events: RunEvent[] = [];
    for (const until = Date.now() + followMs; !events.some(isTerminal) && Date.now() < until && !load.signal.aborted; await sleep(100)) {
      const signal = AbortSignal.timeout(Math.max(0, Math.min(until - Date.now(), 20_000)));
      const lastEventId = events.at(-1)?.seq ?? 0;
      const request = `GET /v1/runs/${runId}/events`;
      await signInAgain(user, loadPassword);
      const { token } = user;
      const failed = (status: number, text: string) => {
        if (!signal.aborted) options.onFailure?.({ at: Date.now(), request, status, text });
      };
      const stream = await openStream(options.url, runId, { token, lastEventId, signal }).catch((error: Error) =>
        failed(0, causeOf(error)),
      );
      totals.requests++;
      if (!stream) continue;
      await stream.ended.catch((error: Error) => failed(0, causeOf(error)));
      if (stream.status === 200) events.push(...stream.events);
      else if (isTransient(stream.status)) failed(stream.status, stream.text());
    }
    journal.streams.push({ runId, events: events.map(({ seq, event_id }) => ({ seq, event_id })) });
  }

  async function read({ token }: User, threadId: string, runId: string) {
    await api.call('GET', `/v1/threads/${threadId}/messages`, { token });
    await api.call('GET', `/v1/runs/${runId}`, { token });
    if (random.next() < 0.3) await api.call('GET', '/v1/threads/search?q=thread', { token });
    if (random.next() < 0.3) await api.call('GET', '/v1/me/credits', { token });
  }

  async function upload({ login, token }: User) {
    const content = `text ${randomUUID()}`;
    const form = new FormData();
    form.set('file', new File([content], 'note.txt', { type: 'text/plain' }));
    const sent = await fetch(`${options.url}/v1/attachments/stage`, {
      method: 'POST',
      body: form,
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(requestMs),
    }).catch(
      (error: Error) =>
        void options.onFailure?.({ at: Date.now(), request: 'POST /v1/attachments/stage', status: 0, text: causeOf(error) }),
    );
    totals.requests++;
    if (sent && isTransient(sent.status))
      options.onFailure?.({ at: Date.now(), request: 'POST /v1/attachments/stage', status: sent.status, text: await sent.clone().text() });
    const { key } = ((await sent?.json().catch(() => ({}))) ?? {}) as { key?: string };
    if (sent?.status === 201 && key) uploads.push({ key, login, token, content });
    else if (sent && !isTransient(sent.status))
      journal.complaints.push({ kind: 'response.status', subject: '/v1/attachments/stage', detail: String(sent.status) });
    if (sent?.status === 201) totals.acknowledged++;
  }

  async function person() {
    let user: User | undefined;
    while (!load.signal.aborted) {
      if (!user || random.next() < 0.1) {
        user = (await signUp()) ?? user;
        if (user) users.push(user);
      }
      if (user) await converse(user);
      await pause();
    }
  }

  /** Grants credits, to single accounts and to all. */
  async function grantCredits() {
    const { login, password } = options.admin;
    let chief: User | undefined;
    for (let turn = 0; !load.signal.aborted; turn++) {
      if (!chief) {
        const { status, body } = await api.repeat('POST', '/v1/auth/login', { body: { login, password } });
        const me = status === 200 ? await api.repeat('GET', '/v1/me', { token: body.access_token }) : undefined;
        if (me?.status === 200)
          chief = { login, userId: me.body.id, accountId: me.body.account_id, token: body.access_token, signedInAt: Date.now() };
      } else if (turn % 8 === 7) {
        await write(chief, 'operation', '/v1/admin/credits/bulk-adjust', (note) => ({ amount: 50, note }));
      } else if (users.length > 0) {
        const { accountId } = random.pick(users);
        await write(chief, 'adjustment', '/v1/admin/credits/adjust', (note) => ({ account_id: accountId, amount: 200, note }));
      }
      if (chief) await signInAgain(chief, password);
      await pause(3);
    }
  }

  const working = Promise.all([grantCredits(), ...Array.from({ length: options.people }, person)]);
  return {
    totals,
    uploads,
    anyUser: () => users[0],
    users: () => users,
    async stop() {
      load.abort();
      await working;
    },
  };
}

/** `fetch` reports only that it failed, and why in `cause`. */
const causeOf = ({ message, cause }: Error) => (cause instanceof Error ? `${message}: ${cause.message}` : message);

const idOf = ({ body }: HttpResponse): string => body?.id ?? body?.run_id ?? '';

type CallOptions = Parameters<Call>[2];

/** Calls that count their responses, note unexpected ones, and are repeated. */
function createCalls({ url, journal, onFailure }: LoadOptions, totals: LoadTotals, signal: AbortSignal) {
  const send = callWithin(url, requestMs);
  const call: Call = async (method, path, options) => {
    totals.requests++;
    const response = await send(method, path, options).catch((error: Error): HttpResponse => ({
      status: error.name === 'TimeoutError' ? -1 : 0,
      body: undefined,
      text: causeOf(error),
      headers: new Headers(),
    }));
    totals.statuses.set(response.status, (totals.statuses.get(response.status) ?? 0) + 1);
    if (isTransient(response.status))
      onFailure?.({ at: Date.now(), request: `${method} ${path}`, status: response.status, text: response.text });
    if (isUnexpected(response))
      journal.complaints.push({ kind: 'response.status', subject: `${method} ${path}`, detail: `${response.status} ${response.text}` });
    return response;
  };
  return {
    call,
    /** Repeats a call until a response that is not transient, or until `patienceMs` are over. */
    async repeat(method: string, path: string, options: CallOptions, onAttempt = () => {}): Promise<HttpResponse> {
      for (const until = Date.now() + patienceMs; ;) {
        onAttempt();
        const response = await call(method, path, options);
        const isFinal = !isTransient(response.status) && !isInProgress(response);
        if (isFinal || Date.now() > until || (signal.aborted && Date.now() > until - patienceMs / 2)) return response;
        await sleep(signal.aborted ? 500 : 200);
      }
    },
  };
}

function isUnexpected(response: HttpResponse): boolean {
  const { status, body } = response;
  if (status === 500) return true;
  if (status < 400 || isTransient(status) || isInProgress(response)) return false;
  return !expectedRefusals.has(body?.details?.reason);
}
