import type { z } from 'zod';
import type { Deprecation } from '../deprecation.ts';
import type { ErrorStatus } from './errorCodes.ts';
import { type Permission, type ServicePermission, servicePermissions } from './permissions.ts';
import type { QuotaName } from './quotas.ts';

/** One permission, several that are all required, or one for each value of the `scope` of the request. */
export type RequiredPermission = Permission | readonly Permission[] | { readonly account: Permission; readonly platform: Permission };

/** The resource that an ID in a query refers to. `rows` is not a resource: the value filters the rows that the caller can see. */
export type QueryTarget = 'account' | 'user' | 'project' | 'thread' | 'run' | 'share' | 'rows';

/** Requirements and properties of a route besides its schemas. The server enforces them; the docs, the client and the tests read them. */
export type Policy = {
  /** Who may call: anyone, a signed-in user, a signed-in user or an API key, or a signed-in user with `platform.admin`. */
  auth: 'public' | 'user' | 'user+key' | 'platform';
  /** For routes of other callers: the scopes of which a service key needs one, instead of all permissions. See `serviceScopesOf`. */
  service?: readonly [ServicePermission, ...ServicePermission[]];
  /** Checked before any lookup. 403 if missing. */
  read?: Permission | readonly Permission[];
  /** Checked after the resource is known to be visible. 403 if missing. */
  permission?: RequiredPermission;
  /**
   * Who may call without `read` and `permission`. `self` is the user in the `{user_id}` of the path. `platform.admin` also applies to accounts of
   * which the admin is not a member, if the path contains an account. `owner` still needs `read`; the service checks who the owner is.
   */
  exempt?: 'owner' | 'self' | 'platform.admin';
  /** The resource of each ID in the query. It is looked up like an ID in the path: one that the caller may not see is 404. */
  queryIds?: Readonly<Record<string, QueryTarget>>;
  /** Anyone who can read the resource may call. Without this, only its owner can change it. */
  allowReaders?: true;
  /** `optional`: the route concerns only the user and works without a usable active account. */
  account?: 'optional';
  /** `optional`: works for members without the second factor that their account or the platform requires. Implied by `account: 'optional'`. */
  secondFactor?: 'optional';
  /** For callers that were not written for this API and add parameters of their own, such as `api-version`. Elsewhere, an unknown one is 400. */
  ignoresUnknownQuery?: true;
  /** A request with a secret in this query parameter needs no credential. The service decides what the secret gives access to. */
  secretParam?: string;
  /** The origin of the request is checked, because the route reads or sets the session cookie, or because its protocol requires it. */
  origin?: true;
  /** The `Host` must be loopback or configured, because the route trusts the network. This protects against DNS rebinding. */
  trustedHostOnly?: true;
  /** The action and target type of the audit entry of a call. `none` for a POST that changes nothing. */
  audit?: readonly [action: `${string}.${string}`, target: string] | 'none';
  /** The same for a GET whose handler decides whether to write an audit entry: it creates a missing resource, or returns data whose access is audited. */
  auditOnRead?: readonly [action: `${string}.${string}`, target: string];
  /**
   * Whether Idempotency-Key is accepted. Without this, every POST with an actor and a JSON body accepts it. `true`: another method that has an effect of
   * its own each time.
   */
  idempotent?: boolean;
  /** The rate limit against guessing that applies to the route. */
  rateLimit?:
    | 'login'
    | 'registration'
    | 'lookup'
    | 'otp'
    | 'mail'
    | 'redeem'
    | 'webhook_test'
    | 'webhook_replay'
    | 'mcp_authorization'
    | 'account_export'
    | 'row_export';
  /** The quota that the call, or work that it starts, counts toward. Exceeding it is 409. */
  quota?: QuotaName;
  /** A health probe: excluded from rate limits and load shedding, and without the 503 error of an outage. */
  probe?: true;
  /** Minimum duration of every response in milliseconds, so that timing does not reveal the result. */
  minDurationMs?: number;
  /**
   * How long the response may take to begin, in milliseconds, because the call waits for a model that sends nothing before its answer is complete. The
   * client and the gateway wait that long. Default: 30 s for the client.
   */
  answerMs?: number;
  /** The call costs credits as soon as it is taken, also if its response is lost. The client repeats it only after 429 and 503. */
  charged?: true;
  /** A paginated list. The response is the array of rows (`cursor`) or an object that contains them (`within`). */
  pages?: 'cursor' | 'within';
  /** A statistic or a log without pages: it is computed from many rows. */
  report?: true;
  /** A GET that may create a missing row, so no replica can serve it. */
  mayWrite?: true;
  /** The route works until the end of its sunset. Its responses, including errors, announce that. */
  deprecated?: Deprecation;
  /** The shape of error responses. `openai`: `OpenAiProblem`, which the SDKs of OpenAI read. Default: `Problem`. */
  errors?: 'openai';
  /** Error statuses that only the service can produce, such as missing credits, a state conflict or a disabled dependency. */
  extraErrors?: readonly ErrorStatus[];
};

/** All permissions that a route requires, in the order in which they are checked. Ignores `exempt`. */
export function requiredPermissionsOf(
  { auth, read = [], permission = [] }: Policy,
  scope: 'account' | 'platform' = 'account',
): Permission[] {
  const own = typeof permission === 'object' && 'platform' in permission ? permission[scope] : permission;
  return [...new Set([auth === 'platform' ? 'platform.admin' : read, own].flat())];
}

/**
 * The scopes of which a service key needs one: `service`, or the permission of a route for platform admins. Empty if no service key may call, as on
 * routes that require `platform.admin` alone.
 */
export function serviceScopesOf({ auth, permission, service }: Policy): readonly ServicePermission[] {
  return auth === 'platform' ? servicePermissions.filter((each) => each === permission) : (service ?? []);
}

/** Whether the request chooses between the account and the platform. */
export const isScoped = ({ permission }: Policy): boolean => typeof permission === 'object' && 'platform' in permission;

type Schema = z.core.$ZodType;
type RouteDeclaration = { method: string; path: string; query?: Schema; body?: Schema | null; contentType?: string; metadata: Policy };

/** The error statuses that each part of a declaration can cause. Types, docs and tests derive from this table. */
const errorCauses = {
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
} as const satisfies Record<string, readonly ErrorStatus[]>;
type Cause = keyof typeof errorCauses;

/** Whether a route accepts an Idempotency-Key. See docs/guides/idempotency.md. */
export const isIdempotent = ({ method, contentType, metadata }: RouteDeclaration) =>
  (metadata.idempotent ?? method === 'POST') && metadata.auth !== 'public' && contentType !== 'multipart/form-data';

/** Whether a read replica may serve the route: it reads many rows and changes none. */
export const mayReadFromReplica = ({ method, metadata: { auth, pages, report, auditOnRead, mayWrite } }: RouteDeclaration) =>
  method === 'GET' && auth !== 'public' && !auditOnRead && !mayWrite && (pages !== undefined || report === true);

const applies: Record<Cause, (route: RouteDeclaration) => boolean> = {
  always: () => true,
  outage: ({ metadata }) => metadata.probe !== true,
  credential: ({ metadata }) => metadata.auth !== 'public',
  account: ({ metadata }) => metadata.auth !== 'public' && metadata.account !== 'optional',
  origin: ({ metadata }) => metadata.origin === true,
  ownHost: ({ metadata }) => metadata.trustedHostOnly === true,
  pathParams: ({ path }) => path.includes('{'),
  query: ({ metadata }) => metadata.ignoresUnknownQuery !== true,
  body: ({ body }) => Boolean(body),
  idempotent: isIdempotent,
  rate: ({ metadata }) => metadata.rateLimit !== undefined,
  quota: ({ metadata }) => metadata.quota !== undefined,
};

/** All error statuses of a route, sorted. */
export function errorStatusesOf(route: RouteDeclaration): ErrorStatus[] {
  const here = (Object.keys(errorCauses) as Cause[]).filter((cause) => applies[cause](route));
  return [...new Set<ErrorStatus>([...here.flatMap((cause) => errorCauses[cause]), ...(route.metadata.extraErrors ?? [])])].sort();
}

type CauseOf<R extends RouteDeclaration> =
  | 'always'
  | (R['metadata'] extends { probe: true } ? never : 'outage')
  | (R['metadata']['auth'] extends 'public' ? never : 'credential')
  | (R['metadata'] extends { auth: 'public' } | { account: 'optional' } ? never : 'account')
  | (R['metadata'] extends { origin: true } ? 'origin' : never)
  | (R['metadata'] extends { trustedHostOnly: true } ? 'ownHost' : never)
  | (R['path'] extends `${string}{${string}` ? 'pathParams' : never)
  | (R['metadata'] extends { ignoresUnknownQuery: true } ? never : 'query')
  | (R extends { body: Schema } ? 'body' : never)
  | (R extends { method: 'POST' } | { metadata: { idempotent: true } }
      ? R extends { metadata: { auth: 'public' } | { idempotent: false } } | { contentType: 'multipart/form-data' }
        ? never
        : 'idempotent'
      : never)
  | (R['metadata'] extends { rateLimit: string } ? 'rate' : never)
  | (R['metadata'] extends { quota: string } ? 'quota' : never);

/** `errorStatusesOf` for the compiler. */
export type ErrorStatusesOf<R extends RouteDeclaration> =
  | (typeof errorCauses)[CauseOf<R>][number]
  | (R['metadata'] extends { extraErrors: readonly (infer S extends ErrorStatus)[] } ? S : never);

/** Whether members without a required second factor are refused. What concerns the user alone stays open, so that they can set one up. */
export const needsSecondFactor = ({ auth, account, secondFactor }: Policy): boolean =>
  auth !== 'public' && account !== 'optional' && secondFactor !== 'optional';
