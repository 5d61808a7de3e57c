import { errorCodeOf } from '../../platform/operatorError.ts';

/** An account, or all callers of a kind, have used up their share of the connections (`connectionShares.ts`). */
export class TooManyWaiting extends Error {
  override name = 'TooManyWaiting';
  override message = 'the share of the database connections is used up';
}

/** All connections were in use for too long. */
export class ConnectionNotAvailable extends Error {
  override name = 'ConnectionNotAvailable';
  override message = 'no database connection became free in time';
}

/** Driver errors, which have no code, for a connection that broke, was closed, did not answer, or was not available in time. */
const lostMessages = /^Connection terminated|^Client .* is not queryable$|^Query read timeout$|^timeout exceeded when trying to connect$/;

/** Connection exceptions (08) and the end of a session by the server (57P01 to 57P05). */
const lostSqlStates = /^(08|57P)/;

/** Errors of the socket. Those of other services have the same codes. */
const socketCodes = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND'];

/** A Unix socket does not exist while its server is down, and does not wait if its queue is full. Files have the same codes. */
const isUnixSocketAway = (error: unknown) =>
  (error as { syscall?: unknown } | null)?.syscall === 'connect' && ['ENOENT', 'EAGAIN'].includes(errorCodeOf(error) ?? '');

/** Whether the driver or PostgreSQL reports that a connection was lost or not available. The same statement may succeed on another connection. */
export const isConnectionLost = (error: unknown): boolean =>
  error instanceof ConnectionNotAvailable ||
  (error instanceof Error && (lostMessages.test(error.message) || lostSqlStates.test(errorCodeOf(error) ?? '')));

/** Whether PostgreSQL is starting, or is shutting down or recovering, and accepts no connections yet. */
export const isServerStarting = (error: unknown): boolean => errorCodeOf(error) === '57P03';

/** A lock was not available within `lock_timeout`. */
export const isLockTimeout = (error: unknown): boolean => errorCodeOf(error) === '55P03';

/** A serialization failure or a deadlock. The same transaction may succeed when repeated. */
export const isTransactionConflict = (error: unknown): boolean => ['40001', '40P01'].includes(errorCodeOf(error) ?? '');

/** A foreign key has no row, maybe because another transaction has deleted it since it was read. Repeated, the same transaction does not find it. */
export const isReferenceMissing = (error: unknown): boolean => errorCodeOf(error) === '23503';

/**
 * The SQLSTATE of an error that a statement can cause by itself, and will cause again: a canceled statement, which ran too long, or insufficient memory.
 * The first time it may be the load of others. Undefined for other errors, such as a full disk, which is no fault of a statement.
 */
export function ownFaultOf(error: unknown): string | undefined {
  const code = errorCodeOf(error);
  return code === '57014' || code === '53200' ? code : undefined;
}

/**
 * Whether the database is unavailable or overloaded, or other transactions were in the way, so that a later attempt may succeed. Includes insufficient
 * resources (53), canceled statements (57014), unavailable locks (55P03), and FATAL errors, which end or prevent a connection.
 */
export function isTransientDatabaseError(error: unknown): boolean {
  if (error instanceof TooManyWaiting || isConnectionLost(error) || isTransactionConflict(error) || isLockTimeout(error)) return true;
  if (isUnixSocketAway(error)) return true;
  const code = errorCodeOf(error);
  if (code === undefined) return false;
  return (error as { severity?: unknown }).severity === 'FATAL' || /^(53|57)/.test(code) || socketCodes.includes(code);
}
