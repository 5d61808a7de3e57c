import type { z } from 'zod';
import type { AnswerOf, BodyOf, HeadersOf, ParamsOf, QueryOf, Resource, Route } from '../../contract/shared/route.ts';
import type { Fakes } from './fakes.ts';
import type { FaultQueue } from './faults.ts';
import type { Operation } from './operations.ts';
import type { Runs } from './runs.ts';
import type { Row, Session, State, User } from './state.ts';

/** What every part of the mock works with. */
export type Engine = {
  state: State;
  fakes: Fakes;
  runs: Runs;
  faults: FaultQueue;
  allowedOrigins: readonly string[];
  /** Milliseconds since 1970. */
  now(): number;
  /** An instant as the API writes it: now, or so many milliseconds later. */
  time(laterMs?: number): string;
};

/** Who calls, and where. */
export type Caller = {
  user: User;
  accountId: string;
  permissions: ReadonlySet<string>;
  /** Undefined for an API key. */
  session: Session | undefined;
};

/** A request that was admitted. */
export type Context<R extends Route = Route> = {
  engine: Engine;
  operation: Operation;
  params: ParamsOf<R>;
  query: z.output<QueryOf<R>>;
  headers: z.output<HeadersOf<R>>;
  body: z.output<BodyOf<R>>;
  caller: R['metadata']['auth'] extends 'public' ? Caller | undefined : Caller;
  /** What the path names, by parameter. */
  found: Record<string, Row>;
  request: Request;
  cookies: Record<string, string>;
  traceId: string;
};

/** What the code that serves a route returns; `next` is where the next page begins. */
export type Answered = { status: number; body: unknown; headers?: Record<string, string>; next?: string | undefined };

type Extras = { headers?: Record<string, string>; next?: string | undefined };

/** Routes that are served by hand, as the contract wants them. */
export type Behaviours<T extends Resource> = {
  [Name in keyof T]?: (context: Context<T[Name]>) => Served<T[Name]> | Promise<Served<T[Name]>>;
};
type Served<R extends Route> = (AnswerOf<R> | { status: 200; body: Raw }) & Extras;

/** A body that is no JSON. */
export class Raw {
  readonly body: BodyInit;
  readonly type: string;
  constructor(body: BodyInit, type: string) {
    this.body = body;
    this.type = type;
  }
}

/** A context for what serves any route: of how its route is typed nothing is left then but what all routes have. */
export const untyped = (context: object): Context => context as unknown as Context;
