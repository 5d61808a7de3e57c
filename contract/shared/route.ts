import type { ContractAnyType, ContractOtherResponse } from '@ts-rest/core';
import type { z } from 'zod';
import type { ParamName } from './path.ts';
import type { Policy } from './policy.ts';

/** Any zod schema. The core type, because comparing a big schema with `z.ZodType` costs the compiler three times the memory. */
export type Schema = z.core.$ZodType;
type ObjectSchema = z.core.$ZodObject;

/** A server-sent event stream: `body` is the shape of one event, and it is over after one of the `last` types. */
export type Events<Event extends Schema = Schema> = ContractOtherResponse<Event & ContractAnyType> & {
  readonly body: Event;
  readonly last: readonly string[];
};

/** Declare an event stream. A ts-rest response by type only: its runtime would bring a second zod along. */
export const eventsOf = <Event extends z.core.$ZodType<{ type: string }>>(event: Event, last: readonly z.output<Event>['type'][]) =>
  ({ contentType: 'text/event-stream', body: event, last }) as unknown as Events<Event>;

/** The bytes of a file, of whatever type the answer's Content-Type says. */
export type Bytes = ContractOtherResponse<ContractAnyType> & { readonly bytes: true };

/** Declare an answer of bytes; with `304: null` beside it, for a reader that names the version it has. */
export const bytesOf = () => ({ contentType: 'application/octet-stream', bytes: true }) as unknown as Bytes;

/** `null` is an answer without a body. */
export type Answer = Schema | Events | Bytes | null;

type Common = {
  path: `/${string}`;
  summary: string;
  description?: string;
  /** Only for parameters that are not ids. */
  pathParams?: ObjectSchema;
  query?: ObjectSchema;
  /** Headers beyond those every route takes. */
  headers?: ObjectSchema;
  /** Refusals follow from the rest, see `refusalsOf`: these are the successes, and 503 where a probe answers by it. */
  responses: { readonly [Status in 200 | 201 | 202 | 204 | 304 | 503]?: Answer };
};
type Reading = Common & { method: 'GET'; body?: never; metadata: Policy };
type Writing = Common & {
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  body: Schema | null;
  contentType?: 'application/json' | 'multipart/form-data';
  /** Bytes of the largest body, 1 MiB unless given. */
  maxBody?: number;
  metadata: Policy & { audit: NonNullable<Policy['audit']> };
};

/** One operation. A route without a policy, or a writing one without an audit action, does not compile. */
export type Route = Reading | Writing;

/** Write `{ … } as const satisfies Resource`. */
export type Resource = { readonly [name: string]: Route };

/** Resources by area. */
export type Contract = { readonly [area: string]: Resource };

/** Whether one of the answers of a route is an event stream. */
export const streamOf = (route: Route): Events | undefined =>
  Object.values(route.responses).find((answer: Answer): answer is Events => answer !== null && 'last' in answer);

/** Whether one of the answers of a route is a file. */
export const hasBytes = (route: Route): boolean =>
  Object.values(route.responses).some((answer: Answer) => answer !== null && 'bytes' in answer);

/** Bytes of the largest body of a route. */
export const mostBytes = (route: Route): number => ('maxBody' in route && route.maxBody) || 2 ** 20;

/** Whether the body of a route is a form: fields and a file, read as they come. */
export const isForm = (route: Route): boolean => route.method !== 'GET' && route.contentType === 'multipart/form-data';

type ValueOf<A> =
  A extends Events<infer Event extends Schema>
    ? AsyncIterable<z.output<Event>>
    : A extends Bytes
      ? Blob
      : A extends Schema
        ? z.output<A>
        : undefined;

export type ParamsOf<R extends Route> = R extends { pathParams: infer P extends ObjectSchema }
  ? z.output<P> & { [Name in Exclude<ParamName<R['path']>, keyof z.output<P>>]: string }
  : { [Name in ParamName<R['path']>]: string };
export type QueryOf<R extends Route> = R extends { query: infer Q extends ObjectSchema } ? Q : never;
export type HeadersOf<R extends Route> = R extends { headers: infer H extends ObjectSchema } ? H : never;
export type BodyOf<R extends Route> = R extends { body: infer B extends Schema } ? B : never;

/** What a handler may return: one of the declared successes. */
export type AnswerOf<R extends Route> = {
  [S in keyof R['responses']]: { status: S; body: ValueOf<R['responses'][S]> };
}[keyof R['responses']];

/** What a client gets. That nothing changed is told only to those who ask for it by a header of their own. */
export type SuccessOf<R extends Route> = ValueOf<R['responses'][Exclude<keyof R['responses'], 304>]>;
