import type { z } from 'zod';
import type { ParamName } from './path.ts';
import type { Policy } from './policy.ts';

/** Any zod schema. This is the core type, because comparing a large schema with `z.ZodType` triples the compiler's memory use. */
export type Schema = z.core.$ZodType;
type ObjectSchema = z.core.$ZodObject;

/** A server-sent event stream. `body` is the schema of one event. The stream ends after an event of one of the `last` types. */
export type EventStream<Event extends Schema = Schema> = {
  readonly contentType: 'text/event-stream';
  readonly body: Event;
  readonly last: readonly string[];
};

/** Declares an event stream. */
export const declareEventStream = <Event extends z.core.$ZodType<{ type: string }>>(
  event: Event,
  last: readonly z.output<Event>['type'][],
): EventStream<Event> => ({ contentType: 'text/event-stream', body: event, last });

/** JSON, or server-sent events with chunks. */
export type JsonOrStream<Answer extends Schema = Schema, Chunk extends Schema = Schema> = {
  readonly contentType: 'application/json';
  readonly body: Answer;
  readonly chunk: Chunk;
  /** When the answer is a stream, and how that ends. */
  readonly description: string;
  /** What every complete stream ends with. */
  readonly end: string;
};

/** Declares an answer that can be streamed. */
export const declareJsonOrStream = <Answer extends Schema, Chunk extends Schema>(
  body: Answer,
  chunk: Chunk,
  { description, end }: { description: string; end: string },
): JsonOrStream<Answer, Chunk> => ({ contentType: 'application/json', body, chunk, description, end });

/** The bytes of a file. Its type is the Content-Type of the response. */
export type FileBody = { readonly contentType: 'application/octet-stream'; readonly bytes: true };

/** Declares a file response. Declare `304: null` as well, for requests with If-None-Match. */
export const declareFile = (): FileBody => ({ contentType: 'application/octet-stream', bytes: true });

/** `null` is a response without a body. */
export type ResponseBody = Schema | EventStream | JsonOrStream | FileBody | null;

type RouteBase = {
  path: `/${string}`;
  summary: string;
  /** What the operation does beyond its summary, when to use it, and what follows. */
  description: string;
  /** Only for parameters that are not IDs. */
  pathParams?: ObjectSchema;
  query?: ObjectSchema;
  /** Headers in addition to those that every route accepts. */
  headers?: ObjectSchema;
  /** The success responses, and 503 for a probe. `errorStatusesOf` derives the error responses. */
  responses: { readonly [Status in 200 | 201 | 202 | 204 | 304 | 503]?: ResponseBody };
};
type ReadRoute = RouteBase & { method: 'GET'; body?: never; metadata: Policy };
type WriteRoute = RouteBase & {
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  body: Schema | null;
  contentType?: 'application/json' | 'multipart/form-data';
  /** Maximum body size in bytes. Default: 1 MiB. */
  maxBody?: number;
  metadata: Policy & { audit: NonNullable<Policy['audit']> };
};

/** One operation. A route without a description or a policy, or a write without an audit action, does not compile. */
export type Route = ReadRoute | WriteRoute;

/** Declare as `{ … } as const satisfies Resource`. */
export type Resource = { readonly [name: string]: Route };

/**
 * Declares the routes of a resource, in the form of ts-rest. The function of that name in `@ts-rest/core` returns them unchanged too, but brings
 * 100 kB with a copy of zod, and declarations that compile only with zod 3.
 */
export const initContract = () => ({ router: <const Routes extends Resource>(routes: Routes): Routes => routes });

/** Resources by name. */
export type Contract = { readonly [area: string]: Resource };

/** The event stream of a route, if it has one. */
export const eventStreamOf = (route: Route): EventStream | undefined =>
  Object.values(route.responses).find((answer: ResponseBody): answer is EventStream => answer !== null && 'last' in answer);

/** The declaration of a route whose answer can be JSON or a stream. */
export const jsonOrStreamOf = (route: Route): JsonOrStream | undefined =>
  Object.values(route.responses).find((answer: ResponseBody): answer is JsonOrStream => answer !== null && 'chunk' in answer);

/** Whether one of the responses of a route is a file. */
export const returnsFile = (route: Route): boolean =>
  Object.values(route.responses).some((answer: ResponseBody) => answer !== null && 'bytes' in answer);

/** Whether the file of a route has an `ETag`. One that is made while it is sent has none. */
export const hasEntityTag = (route: Route): boolean => returnsFile(route) && Object.hasOwn(route.responses, 304);

/** Maximum body size of a route in bytes. */
export const maxBodyBytes = (route: Route): number => ('maxBody' in route && route.maxBody) || 2 ** 20;

/** Whether the body of a route is multipart/form-data: fields and a file, read as a stream. */
export const isMultipart = (route: Route): boolean => route.method !== 'GET' && route.contentType === 'multipart/form-data';

type ValueOf<A> =
  A extends EventStream<infer Event extends Schema>
    ? AsyncIterable<z.output<Event>>
    : A extends JsonOrStream<infer Answer extends Schema>
      ? z.output<Answer>
      : A extends FileBody
        ? Blob
        : A extends Schema
          ? z.output<A>
          : undefined;

type ChunksOf<A> = A extends JsonOrStream<Schema, infer Chunk extends Schema> ? AsyncIterable<z.output<Chunk>> : never;

export type ParamsOf<R extends Route> = R extends { pathParams: infer P extends ObjectSchema }
  ? z.output<P> & { [Name in Exclude<ParamName<R['path']>, keyof z.output<P>>]: string }
  : { [Name in ParamName<R['path']>]: string };
export type QueryOf<R extends Route> = R extends { query: infer Q extends ObjectSchema } ? Q : never;
export type HeadersOf<R extends Route> = R extends { headers: infer H extends ObjectSchema } ? H : never;
export type BodyOf<R extends Route> = R extends { body: infer B extends Schema } ? B : never;

/** What a handler can return: one of the declared success responses. */
export type HandlerResult<R extends Route> = {
  [S in keyof R['responses']]: { status: S; body: ValueOf<R['responses'][S]> | ChunksOf<R['responses'][S]> };
}[keyof R['responses']];

/** What a client call returns. Excludes 304. */
export type SuccessOf<R extends Route> = ValueOf<R['responses'][Exclude<keyof R['responses'], 304>]>;
