import type { Queryable } from '../../database/sql.ts';
import { statement } from '../../database/statement.ts';
import { ExpiringCache } from '../../http/cache.ts';
import type { NotificationChannel } from '../../pubsub/notificationChannel.ts';
import { accessChannel } from '../../pubsub/runNotifier.ts';
import type { RequestContext } from '../requestContext.ts';
import { withTimeout } from '../timeout.ts';
import { decodeValues } from './rateLimitRules.ts';

type Requested = Pick<RequestContext, 'request' | 'path' | 'identity'>;

/** The account whose limits apply to a request; '' if it has none. */
export type RequestedAccountReader = (context: Requested) => string | Promise<string>;

const selectAccounts = statement<{ userId: string }>({ bound: 'accounts' })((db, $) =>
  db.selectFrom('memberships').select('account_id').where('user_id', '=', $.userId),
);

const maxUsers = 20_000;

/**
 * A user may name another account than that of the access token. The limits of that account apply then, or a token of an account with a higher rate, such
 * as a new workspace, would be a way around them. Only accounts of the user count: strangers must not use up the requests of an account. All accounts of
 * the user are read at once, so that requests with ever new names cost no statement. Without a database, or without an answer, it is the account of the token.
 */
export function createRequestedAccountReader(
  source: { database: Queryable; channel: NotificationChannel } | undefined,
): RequestedAccountReader {
  if (!source) return ({ identity }) => identity.accountId;
  const { database, channel } = source;
  const memory = new ExpiringCache<ReadonlySet<string>>(maxUsers);
  channel.on(accessChannel, (userId) => (userId === '*' ? memory.clear() : memory.invalidateOwner(userId)));
  const read = (userId: string) =>
    memory.load(userId, userId, async () => new Set((await database.rows(selectAccounts, { userId })).map((row) => row.account_id)));
  return (context) => {
    const { type, accountId, userId } = context.identity;
    const named = type === 'user' ? namedAccountOf(context) : undefined;
    if (named === undefined || named === accountId) return accountId;
    const choose = (own: ReadonlySet<string> | undefined) => (own?.has(named) ? named : accountId);
    const known = memory.get(userId);
    return known ? choose(known) : withTimeout(read(userId)).then(choose);
  };
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** As the API: by the path, or else by a header. */
function namedAccountOf({ request, path }: Requested): string | undefined {
  const [, inPath] = /^\/v1\/accounts\/([^/:]+)/.exec(decodeValues(path)) ?? [];
  return [inPath, `${request.headers['x-account-id'] ?? ''}`]
    .map((id) => id?.toLowerCase())
    .find((id) => id !== undefined && uuid.test(id));
}
