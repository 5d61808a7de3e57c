// The API without a server, for tests and for pages that are made before there is one.

import type { HttpHandler } from 'msw';
import { trimEnd } from '../../contract/shared/trim.ts';
import { issueToken } from './access.ts';
import { answer, cookiesOf } from './answering.ts';
import type { Engine } from './context.ts';
import { createFakes } from './fakes.ts';
import { createFaults, type Faults } from './faults.ts';
import { handlersOf } from './handlers.ts';
import { kindOf } from './kinds.ts';
import { addThing } from './making.ts';
import { addUser, openSession } from './people.ts';
import { Runs } from './runs.ts';
import type { Script } from './scripts.ts';
import { type Json, State } from './state.ts';

export type { Fault, Faults } from './faults.ts';
export { ask, callTool, fail, type Script, type ScriptStep, say, standardScript, type Talk, think, untilCancelled } from './scripts.ts';

/** How the mock is set up. */
export type MockOptions = {
  /** The server that is mocked, `http://127.0.0.1:19001` unless given; a path is kept as a prefix. */
  baseUrl?: string | URL | undefined;
  /** Everything that is invented follows from it, 1 unless given: the same requests get the same answers, byte by byte. */
  seed?: number | undefined;
  /** The clock in milliseconds since 1970, `Date.now` unless given. Answers are equal only where the times are. */
  now?: (() => number) | undefined;
  /** Milliseconds between two events of a run, 20 unless given. */
  stepMs?: number | undefined;
  /** Origins of pages that may sign in, beside those of the mocked server and of this machine. */
  allowedOrigins?: readonly string[] | undefined;
};

/** Somebody who can sign in to the mock. */
export type MockPerson = { userId: string; accountId: string; login: string; password: string; accessToken: string };

/** What the mock knows, to look at and to add to. */
export type MockState = {
  /** Adds a user with a personal account; an admin of the platform, if `isAdmin` says so. */
  signUp(person?: { login?: string; password?: string; isAdmin?: boolean }): MockPerson;
  /**
   * Adds to a list what no request adds: `add('/v1/notifications', { title: 'Hello', … }, person)`. The list is named by its path as the
   * contract has it; `parents` are the values of the path's parameters.
   */
  add(list: `/${string}`, fields: Json, of: MockPerson, parents?: Record<string, string>): void;
  /** All that is in a list, whoever owns it, newest first. */
  rows(list: `/${string}`): readonly Json[];
};

/** The mocked API. */
export type Mocks = {
  /** For `setupWorker(...)` in a browser and `setupServer(...)` in Node: a handler for each route, and one for paths that do not exist. */
  readonly handlers: HttpHandler[];
  /** Instead of MSW: `createClient({ baseUrl, fetch: mocks.fetch })` asks the mock and nothing else. */
  readonly fetch: typeof globalThis.fetch;
  readonly state: MockState;
  readonly faults: Faults;
  /** What the next runs do, one script each; after them runs follow `standardScript`. */
  plan(...scripts: Script[]): void;
  /** Forgets everything, ends what goes on, and begins again with the seed. */
  reset(): void;
};

/** A mock of the whole API: it keeps what is sent to it and answers as the contract says. */
export function createMocks(options: MockOptions = {}): Mocks {
  const { baseUrl = 'http://127.0.0.1:19001', seed = 1, now = Date.now, stepMs = 20, allowedOrigins = [] } = options;
  const { origin, pathname } = new URL(baseUrl);
  const prefix = trimEnd(pathname, '/');
  const state = new State();
  const faults = createFaults(() => engine.fakes.chance());
  let engine = begin();

  function begin(): Engine {
    const fakes = createFakes(seed, now());
    const base = { state, fakes, faults, allowedOrigins, now, time: (laterMs = 0) => new Date(now() + laterMs).toISOString() };
    return Object.assign(base, { runs: new Runs(base, stepMs) });
  }

  const respond = (request: Request, cookies: Record<string, string>) => answer(engine, prefix, request, cookies);
  const pathOf = (request: Request) => {
    const url = new URL(request.url);
    return url.origin === origin && url.pathname.startsWith(`${prefix}/`) ? url.pathname.slice(prefix.length) : undefined;
  };
  let handlers: HttpHandler[] | undefined;

  return {
    get handlers() {
      // Made when they are wanted: two hundred of them take MSW a while.
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
        const { id: userId, accountId } = addUser(engine, { login, password, isAdmin });
        const accessToken = issueToken(engine, openSession(engine, state.users.get(userId)!));
        return { userId, accountId, login, password, accessToken };
      },
      add: (list, fields, { userId, accountId }, parents = {}) =>
        void addThing(engine, kindOf(list), fields, { user: state.users.get(userId)!, accountId }, parents),
      rows: (list) => state.rows(kindOf(list)).map(({ value }) => value),
    },
    faults,
    plan: (...scripts) => engine.runs.plan(...scripts),
    reset() {
      engine.runs.clear();
      faults.clear();
      state.clear();
      engine = begin();
    },
  };
}
