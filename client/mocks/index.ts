// The API in memory, for tests and for frontend development without a server.

import type { HttpHandler } from 'msw';
import { trimEnd } from '../../contract/shared/text.ts';
import type { Engine } from './context.ts';
import { addResource } from './factory.ts';
import { createFakes } from './fakes.ts';
import { issueToken } from './http/access.ts';
import { createFaults, type Faults } from './http/faults.ts';
import { handlersOf } from './http/handlers.ts';
import { cookiesOf, handleRequest } from './http/respond.ts';
import { forget, type MockStorage, restore, saverOf } from './persistence.ts';
import { addUser, findUser, openSession } from './resources/people.ts';
import { resourceType } from './resourceTypes.ts';
import { Runs } from './runs/runs.ts';
import type { Script } from './runs/scripts.ts';
import { type Json, State } from './state.ts';
import { type WebhookReceiver, Webhooks } from './webhooks/sending.ts';

export type { MockUsage } from './credits/ledger.ts';
export type { Fault, Faults } from './http/faults.ts';
export type { MockStorage } from './persistence.ts';
export {
  ask,
  callServer,
  callTool,
  fail,
  type Script,
  type ScriptStep,
  say,
  spend,
  standardScript,
  type Talk,
  think,
  untilCancelled,
} from './runs/scripts.ts';
export type { WebhookReceiver } from './webhooks/sending.ts';

export type MockOptions = {
  /** URL of the mocked server. Default `http://localhost:19000`; a path is kept as a prefix. */
  baseUrl?: string | URL | undefined;
  /** Seed of all fake values. Default 1. With equal seeds and clocks, the same requests get byte-identical responses. */
  seed?: number | undefined;
  /** The clock, in milliseconds since 1970. Default `Date.now`. */
  now?: (() => number) | undefined;
  /** Milliseconds between two events of a run. Default 20. */
  stepMs?: number | undefined;
  /** Credits of a new user. Default 1000. A run that consumes 2,000 tokens or more, or costs 0.002 US dollars or more, costs one per thousand tokens or a thousand per dollar. */
  credits?: number | undefined;
  /**
   * Receives the webhooks: `fetch` to really send them, or the handler of the application under test. Default: every webhook counts as
   * accepted.
   */
  onWebhook?: WebhookReceiver | undefined;
  /** Half of the milliseconds before a webhook that failed is sent again; doubles with every attempt. Default 1000. */
  webhookRetryMs?: number | undefined;
  /**
   * Keeps the data over reloads of a page: `localStorage`. Runs that had not ended fail. Data of another version of this package are
   * ignored.
   */
  persist?: MockStorage | undefined;
  /** Origins that may sign in, in addition to the mocked server and localhost. */
  allowedOrigins?: readonly string[] | undefined;
};

/** A user of the mock. */
export type MockPerson = { userId: string; accountId: string; login: string; password: string; accessToken: string };

export type MockState = {
  /** Adds a user with a personal account, or signs in the user who has the login. `isAdmin` makes the user a platform administrator. */
  signUp(person?: { login?: string; password?: string; isAdmin?: boolean }): MockPerson;
  /**
   * Adds a row that no request can create: `add('/v1/notifications', { title: 'Hello', … }, person)`. `list` is the path of the list in the contract,
   * `parents` are the values of its path parameters.
   */
  add(list: `/${string}`, fields: Json, of: MockPerson, parents?: Record<string, string>): void;
  /** All rows of a list, of all owners, newest first. */
  rows(list: `/${string}`): readonly Json[];
};

export type Mocks = {
  /** MSW handlers for `setupWorker(...)` in a browser and `setupServer(...)` in Node: one per route, and one for unknown paths. */
  readonly handlers: HttpHandler[];
  /** Without MSW: `createClient({ baseUrl, fetch: mocks.fetch })`. Throws a TypeError for other URLs. */
  readonly fetch: typeof globalThis.fetch;
  readonly state: MockState;
  readonly faults: Faults;
  /** Scripts of the next runs, one per run. Later runs use `standardScript`. */
  plan(...scripts: Script[]): void;
  /** Stops all runs, deletes all data and faults, and restarts the seed. */
  reset(): void;
};

/** Creates a stateful mock of the whole API. */
export function createMocks(options: MockOptions = {}): Mocks {
  const { baseUrl = 'http://localhost:19000', seed = 1, now = Date.now, stepMs = 20, allowedOrigins = [], credits = 1_000 } = options;
  const { onWebhook = () => {}, webhookRetryMs = 1_000, persist } = options;
  const { origin, pathname } = new URL(baseUrl);
  const prefix = trimEnd(pathname, '/');
  const state = new State();
  const faults = createFaults(() => engine.fakes.chance());
  const saveAll = saverOf(persist);
  const save = () => saveAll(engine);
  let engine = begin();
  // Ids of the time before must not repeat.
  if (restore(engine, persist)) engine.fakes = createFakes(seed, now(), String(now()));

  function begin(): Engine {
    const fakes = createFakes(seed, now());
    const base = {
      state,
      fakes,
      faults,
      allowedOrigins,
      credits,
      save,
      now,
      time: (laterMs = 0) => new Date(now() + laterMs).toISOString(),
    };
    const webhooks = new Webhooks(base, onWebhook, webhookRetryMs);
    return Object.assign(base, { webhooks, runs: new Runs(base, webhooks, stepMs) });
  }

  const respond = async (request: Request, cookies: Record<string, string>) => {
    const response = await handleRequest(engine, prefix, request, cookies);
    if (persist && request.method !== 'GET') save();
    return response;
  };
  const pathOf = (request: Request) => {
    const url = new URL(request.url);
    return url.origin === origin && url.pathname.startsWith(`${prefix}/`) ? url.pathname.slice(prefix.length) : undefined;
  };
  let handlers: HttpHandler[] | undefined;

  return {
    get handlers() {
      // Lazy: creating 200 MSW handlers takes time.
      handlers ??= handlersOf(pathOf, `${origin}${prefix}`, respond);
      return handlers;
    },
    async fetch(input, init) {
      const request = new Request(input, init);
      if (pathOf(request) === undefined) throw new TypeError(`${request.url} is not of the mocked server at ${origin}${prefix}.`);
      request.signal.throwIfAborted();
      const response = await respond(request, cookiesOf(request.headers.get('cookie')));
      if (response.type === 'error') throw new TypeError('The connection was lost.');
      return response;
    },
    state: {
      signUp({ login = `user-${state.users.size + 1}`, password = 'Passw0rd-1', isAdmin = false } = {}) {
        const user = findUser(engine, login) ?? addUser(engine, { login, password, isAdmin });
        const { id: userId, accountId } = user;
        const accessToken = issueToken(engine, openSession(engine, user));
        save();
        return { userId, accountId, login, password: user.password ?? password, accessToken };
      },
      add(list, fields, { userId, accountId }, parents = {}) {
        addResource(engine, resourceType(list), fields, { user: state.users.get(userId)!, accountId }, parents);
        save();
      },
      rows: (list) => state.rows(resourceType(list)).map(({ value }) => value),
    },
    faults,
    plan: (...scripts) => engine.runs.plan(...scripts),
    reset() {
      engine.runs.clear();
      engine.webhooks.stop();
      faults.clear();
      state.clear();
      forget(persist);
      engine = begin();
    },
  };
}
