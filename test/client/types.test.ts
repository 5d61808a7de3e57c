import { expect, expectTypeOf, test } from 'vitest';
import type { z } from 'zod';
import type { Cursor, Page } from '../../client/core/call.ts';
import { routes } from '../../client/generated/routes.ts';
import type { Api } from '../../client/generated/types.ts';
import { createClient, isApiError, type Readiness, type RunEvent, type Thread, type Unreadiness } from '../../client/index.ts';
import * as contract from '../../contract/index.ts';
import type { ErrorCodeOf } from '../../contract/shared/errorCodes.ts';
import type { ErrorStatusesOf } from '../../contract/shared/policy.ts';
import type {
  BodyOf,
  Contract,
  EventStream,
  JsonOrStream,
  ParamsOf,
  QueryOf,
  Route,
  Schema,
  SuccessOf,
} from '../../contract/shared/route.ts';
import { routeRow } from '../../docs/client/routes.ts';

// The types of each call, inferred from the contract. The generated types must be equal, not only assignable.

type Query<Q> = Q extends Schema
  ? {
      [Name in keyof z.input<Q> as [z.output<Q>[Name & keyof z.output<Q>]] extends [undefined] ? never : Name]:
        | z.output<Q>[Name & keyof z.output<Q>]
        | (undefined extends z.input<Q>[Name] ? undefined : never);
    }
  : never;
type AllOptional<T> = Partial<T> extends T ? true : false;
type Part<Name extends string, Value, Optional> = Optional extends true ? { [N in Name]?: Value | undefined } : { [N in Name]: Value };
type BodyPart<R extends Route> = [BodyOf<R>] extends [never]
  ? unknown
  : Part<'body', z.input<BodyOf<R>> & WithoutStream<R>, R['method'] extends 'PATCH' ? IsFieldless<BodyOf<R>> : AcceptsEmpty<BodyOf<R>>>;
type WithoutStream<R extends Route> = R extends { metadata: { errors: 'openai' }; responses: { 200: JsonOrStream } }
  ? { stream?: false | null | undefined }
  : unknown;
type IsFieldless<B extends Schema> = z.input<B> extends Record<string, never> ? true : false;
/** Bodies whose refinement requires one of several optional fields, which a type cannot express, are listed here. */
type AcceptsEmpty<B extends Schema> = B extends
  | typeof import('../../contract/messages.ts').NewMessage
  | typeof import('../../contract/asr.ts').AsrCredentialChanges
  | typeof import('../../contract/personas.ts').NewPersona
  | typeof import('../../contract/skills.ts').SkillContent
  | typeof import('../../contract/runRequests.ts').RunInput
  ? false
  : AllOptional<z.input<B>>;
type Request<R extends Route> = (R['path'] extends `${string}{${string}` ? { params: ParamsOf<R> } : unknown) &
  ([QueryOf<R>] extends [never] ? unknown : Part<'query', Query<QueryOf<R>>, AllOptional<Query<QueryOf<R>>>>) &
  BodyPart<R>;
type Expected<R extends Route> = {
  request: unknown extends Request<R> ? Record<string, never> : Request<R>;
  answer: R['responses'] extends { 200: EventStream<infer Event extends Schema> }
    ? z.output<Event>
    : R['metadata'] extends { pages: 'within' }
      ? SuccessOf<R> & Cursor
      : SuccessOf<R>;
  status: ErrorStatusesOf<R>;
};

/** Flattens intersections, so that `{ a } & { b }` equals `{ a, b }`. */
type Plain<T> = T extends object ? { [Name in keyof T]: Plain<T[Name]> } : T;
type Same<A, B> = (<T>() => T extends Plain<A> ? 1 : 2) extends <T>() => T extends Plain<B> ? 1 : 2 ? true : false;

type Areas = typeof contract;
type Generated<C> = C extends { readonly '~types'?: infer Types }
  ? NonNullable<Types> extends { readonly request: infer Request; readonly answer: infer Answer; readonly errors: infer Errors }
    ? { request: Request; answer: Answer; status: keyof Errors }
    : never
  : never;
type Differences = {
  [Area in keyof Areas]: {
    [Verb in keyof Areas[Area]]: Areas[Area][Verb] extends Route
      ? Area extends keyof Api
        ? Verb extends keyof Api[Area]
          ? Same<Expected<Areas[Area][Verb]>, Generated<Api[Area][Verb]>> extends true
            ? never
            : `${Area}.${Verb & string}`
          : `${Area}.${Verb & string} is missing`
        : `${Area} is missing`
      : never;
  }[keyof Areas[Area]];
}[keyof Areas];

test('the generated types equal those inferred from the contract, including error statuses', () => {
  expectTypeOf<Differences>().toEqualTypeOf<never>();
  expectTypeOf<keyof Api>().toEqualTypeOf<keyof Areas>();
  expectTypeOf<Same<{ a: 1 }, { a: 1; b?: 2 }>>().toEqualTypeOf<false>();
  expectTypeOf<Same<{ a: { b: string } & { c: 1 } }, { a: { b: string; c: 1 } }>>().toEqualTypeOf<true>();
});

test('the generated route table equals the contract', () => {
  const expected = Object.fromEntries(
    Object.entries(contract as Contract).map(([area, resource]) => [
      area,
      Object.fromEntries(Object.entries(resource).map(([verb, route]) => [verb, routeRow(route)])),
    ]),
  );
  expect(routes).toEqual(expected);
});

test('the client has exact types', () => {
  const client = createClient({ baseUrl: 'http://localhost:1' });
  const neverRun = async () => {
    expectTypeOf(await client.threads.list()).toEqualTypeOf<Page<Thread>>();
    expectTypeOf(await client.threads.delete({ params: { thread_id: 'x' } })).toEqualTypeOf<undefined>();
    for await (const thread of client.threads.list({ query: { limit: 5 } })) expectTypeOf(thread).toEqualTypeOf<Thread>();
    for await (const event of client.runs.stream('x')) {
      expectTypeOf(event).toEqualTypeOf<RunEvent>();
      if (event.type === 'message.delta') expectTypeOf(event.data.content).toEqualTypeOf<string>();
    }
    expectTypeOf(await client.health.ready()).toEqualTypeOf<Readiness | Unreadiness>();
    const staged = await client.attachments.stage({ body: { file: new File(['x'], 'x.txt') } });
    const parts = [
      { type: 'text' as const, text: 'x' },
      { type: staged.kind, attachment: staged },
    ];
    await client.messages.create({ params: { thread_id: 'x' }, body: { content_json: { parts } } });
    await client.messages.create({
      params: { thread_id: 'x' },
      body: { content_json: { parts: [{ type: staged.kind, attachment: staged }] } },
    });
    // @ts-expect-error an id is needed
    await client.threads.get();
    // @ts-expect-error no such field
    await client.threads.create({ body: { titel: 'x' } });
    // @ts-expect-error a message needs a body
    await client.messages.create({ params: { thread_id: 'x' } });
    await client.invitations.revoke({ params: { invitation_id: 'x' } }, { accountId: 'x' });
    // @ts-expect-error the path names the account
    await client.invitations.list({ params: { account_id: 'x' } }, { accountId: 'x' });
    // @ts-expect-error one credential, not two
    createClient({ baseUrl: '', accessToken: 'x', apiKey: 'y' });
  };
  expect(neverRun).toBeTypeOf('function');
  const error: unknown = undefined;
  if (isApiError(client.runs.create, error)) {
    expectTypeOf(error.status).toEqualTypeOf<ErrorStatusesOf<typeof contract.runs.create>>();
    if (error.status === 402) expectTypeOf(error.code).toEqualTypeOf<ErrorCodeOf<402>>();
    if (error.status === 402) expectTypeOf(error.reason).toEqualTypeOf<'credits_exhausted' | 'key_budget_exhausted' | undefined>();
    if (error.status === 409)
      expectTypeOf(error.reason).toEqualTypeOf<
        'thread_busy' | 'thread_empty' | 'quota_exceeded' | 'idempotency_key_reused' | 'idempotency_in_progress' | undefined
      >();
    expectTypeOf(error.reason === 'thread_busy').toEqualTypeOf<boolean>();
    // @ts-expect-error misspelt
    expect(error.reason === 'thread_bussy').toBe(false);
    // @ts-expect-error a reason of another status
    expect(error.status === 402 && error.reason === 'thread_busy').toBe(false);
  }
});
