import type { z } from 'zod';
import type {
  BodyOf,
  HandlerResult as ContractResult,
  HeadersOf,
  ParamsOf,
  QueryOf,
  Resource,
  Route,
} from '../../contract/shared/route.ts';
import type { EngineBase } from './engine.ts';
import type { Operation } from './operations.ts';
import type { Runs } from './runs/runs.ts';
import type { Row, Session, User } from './state.ts';
import type { Webhooks } from './webhooks/sending.ts';

export type Engine = EngineBase & { runs: Runs; webhooks: Webhooks };

export type Caller = {
  user: User;
  accountId: string;
  permissions: ReadonlySet<string>;
  /** Undefined for a key. */
  session: Session | undefined;
  /** Set for an API key. */
  apiKeyId?: string;
  /** Set for a service key. Its scope was checked, and replaces the permissions of the route. */
  serviceKeyId?: string;
};

/** An authenticated and validated request. */
export type Context<R extends Route = Route> = {
  engine: Engine;
  operation: Operation;
  params: ParamsOf<R>;
  query: z.output<QueryOf<R>>;
  headers: z.output<HeadersOf<R>>;
  body: z.output<BodyOf<R>>;
  caller: R['metadata']['auth'] extends 'public' ? Caller | undefined : Caller;
  /** The resources that the path names, by parameter. */
  loaded: Record<string, Row>;
  request: Request;
  cookies: Record<string, string>;
  traceId: string;
};

/** The result of a route handler. `next` is the cursor of the next page. */
export type RouteResult = { status: number; body: unknown; headers?: Record<string, string>; next?: string | undefined };

type Extras = { headers?: Record<string, string>; next?: string | undefined };

/** Handwritten route handlers, typed by the contract. */
export type RouteHandlers<T extends Resource> = {
  [Name in keyof T]?: (context: Context<T[Name]>) => HandlerResult<T[Name]> | Promise<HandlerResult<T[Name]>>;
};
type HandlerResult<R extends Route> = (ContractResult<R> | { status: 200; body: RawBody }) & Extras;

/** A body that is not JSON. */
export class RawBody {
  readonly body: BodyInit;
  readonly type: string;
  constructor(body: BodyInit, type: string) {
    this.body = body;
    this.type = type;
  }
}

/** Drops the route-specific types, for code that serves any route. */
export const untypedContext = (context: object): Context => context as unknown as Context;
