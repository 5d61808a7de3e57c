import type { RefusalStatus } from './failures.ts';
import type { Permission } from './permissions.ts';
import type { QuotaName } from './quotas.ts';
import type { Schema } from './route.ts';

/** One permission, all of several, or one for each value of the `scope` that the request names. */
export type Demand = Permission | readonly Permission[] | { readonly account: Permission; readonly platform: Permission };

/** What an id in a query names; `rows` is no resource: the value selects among the rows that the caller sees. */
export type QueryTarget = 'account' | 'user' | 'project' | 'thread' | 'run' | 'share' | 'rows';

/** What a route demands and promises besides its shapes. The server enforces it; documents, client and tests read it. */
export type Policy = {
  /** Who may call: anybody, a signed-in user, also an API key, or a signed-in user with a platform permission. */
  auth: 'public' | 'user' | 'user+key' | 'platform';
  /** Lacking it is 403 before anything is looked up. */
  read?: Permission | readonly Permission[];
  /** Lacking it is 403 once the thing is known to be visible. */
  permission?: Demand;
  /**
   * Who passes without `read` and `permission`: whoever the path names as `{user_id}`; an admin of the platform, where the path names an account
   * also of one that he is no member of; or, only without `permission`, the owner, whom only the service knows.
   */
  or?: 'owner' | 'self' | 'platform.admin';
  /** What each id in the query names. It is looked up like an id in the path, so one that the caller may not see is 404. */
  queryIds?: Readonly<Record<string, QueryTarget>>;
  /** Whoever may read a thing may call, where otherwise only its owner may change it. */
  anyReader?: true;
  /** `optional`: the route is of the user alone and works without a usable active account. */
  account?: 'optional';
  /** Whoever names a secret in this parameter of the query needs no credential; what the secret opens is for the service to say. */
  openWith?: string;
  /** The caller's origin is checked, because the route reads or sets the session cookie (identity 2.4). */
  origin?: true;
  /** The request must name a loopback host or one that is configured, because the route trusts the network (DNS rebinding). */
  ownHost?: true;
  /** The action and target type of the audit entry a call leaves; `none` for a POST that changes nothing. */
  audit?: readonly [action: `${string}.${string}`, target: string] | 'none';
  /** The same of a GET that says itself when it leaves one: it makes what it reads when that is missing, or shows what is not shown unnoticed. */
  makes?: readonly [action: `${string}.${string}`, target: string];
  /** Every POST with an actor and a JSON body takes an Idempotency-Key, unless this says otherwise. */
  idempotent?: false;
  /** The limit against guessing that a route is counted in. */
  rate?: 'login' | 'registration' | 'lookup' | 'otp' | 'mail' | 'redeem';
  /** What a call adds to, or starts work that adds to it: beyond its limit the call is 409. */
  quota?: QuotaName;
  /** Answers whether the process works: it is neither counted nor shed, and has no refusal for an outage. */
  probe?: true;
  /** Every answer takes so many milliseconds at least, so that time does not tell what was found. */
  atLeastMs?: number;
  /** A list in pages: the answer is the rows, or an object that holds them beside other things. */
  pages?: 'cursor' | 'within';
  /** Refusals only the service can know of: no credits, a state conflict, a dependency that is off. */
  also?: readonly RefusalStatus[];
};

/** All that a caller must hold to use a route, in the order in which it is asked; `or` tells who need not. */
export function demandsOf({ auth, read = [], permission = [] }: Policy, scope: 'account' | 'platform' = 'account'): Permission[] {
  const own = typeof permission === 'object' && 'platform' in permission ? permission[scope] : permission;
  return [...new Set([auth === 'platform' ? 'platform.admin' : read, own].flat())];
}

/** Whether a route acts for the account or for the platform, as the request says. */
export const isScoped = ({ permission }: Policy): boolean => typeof permission === 'object' && 'platform' in permission;

type Declared = { method: string; path: string; query?: Schema; body?: Schema | null; contentType?: string; metadata: Policy };

/** Which part of a declaration brings which refusals: the one table behind the types, the documents and the tests. */
const causes = {
  always: [500],
  outage: [503],
  credential: [400, 401, 403],
  account: [404],
  origin: [403],
  ownHost: [403],
  pathParams: [400, 404],
  query: [400],
  body: [400, 413, 422],
  idempotent: [400, 409],
  rate: [429],
  quota: [409],
} as const satisfies Record<string, readonly RefusalStatus[]>;
type Cause = keyof typeof causes;

/** Whether a route takes an Idempotency-Key (identity 0.5). */
export const isIdempotent = ({ method, contentType, metadata }: Declared) =>
  method === 'POST' && metadata.auth !== 'public' && metadata.idempotent !== false && contentType !== 'multipart/form-data';

const holds: Record<Cause, (route: Declared) => boolean> = {
  always: () => true,
  outage: ({ metadata }) => metadata.probe !== true,
  credential: ({ metadata }) => metadata.auth !== 'public',
  account: ({ metadata }) => metadata.auth !== 'public' && metadata.account !== 'optional',
  origin: ({ metadata }) => metadata.origin === true,
  ownHost: ({ metadata }) => metadata.ownHost === true,
  pathParams: ({ path }) => path.includes('{'),
  query: ({ query }) => query !== undefined,
  body: ({ body }) => Boolean(body),
  idempotent: isIdempotent,
  rate: ({ metadata }) => metadata.rate !== undefined,
  quota: ({ metadata }) => metadata.quota !== undefined,
};

/** Every status a route can be refused with, in order. */
export function refusalsOf(route: Declared): RefusalStatus[] {
  const here = (Object.keys(causes) as Cause[]).filter((cause) => holds[cause](route));
  return [...new Set<RefusalStatus>([...here.flatMap((cause) => causes[cause]), ...(route.metadata.also ?? [])])].sort();
}

type CauseOf<R extends Declared> =
  | 'always'
  | (R['metadata'] extends { probe: true } ? never : 'outage')
  | (R['metadata']['auth'] extends 'public' ? never : 'credential')
  | (R['metadata'] extends { auth: 'public' } | { account: 'optional' } ? never : 'account')
  | (R['metadata'] extends { origin: true } ? 'origin' : never)
  | (R['metadata'] extends { ownHost: true } ? 'ownHost' : never)
  | (R['path'] extends `${string}{${string}` ? 'pathParams' : never)
  | (R extends { query: Schema } ? 'query' : never)
  | (R extends { body: Schema } ? 'body' : never)
  | (R['method'] extends 'POST'
      ? R extends { metadata: { auth: 'public' } | { idempotent: false } } | { contentType: 'multipart/form-data' }
        ? never
        : 'idempotent'
      : never)
  | (R['metadata'] extends { rate: string } ? 'rate' : never)
  | (R['metadata'] extends { quota: string } ? 'quota' : never);

/** The same for the compiler. */
export type RefusalsOf<R extends Declared> =
  | (typeof causes)[CauseOf<R>][number]
  | (R['metadata'] extends { also: readonly (infer S extends RefusalStatus)[] } ? S : never);
