import { expect, test } from 'vitest';
import {
  isConnectionLost,
  isReferenceMissing,
  isServerStarting,
  isTransactionConflict,
  isTransientDatabaseError,
} from '../../../server/database/connection/connectionErrors.ts';
import { failureOf } from '../../../server/http/errors.ts';

const withCode = (code: string, severity = 'ERROR') => Object.assign(new Error('failed'), { code, severity });
const classify = (error: unknown) =>
  Object.entries({ isConnectionLost, isReferenceMissing, isServerStarting, isTransactionConflict, isTransientDatabaseError }).flatMap(
    ([name, applies]) => (applies(error) ? [name] : []),
  );
const lost = ['isConnectionLost', 'isTransientDatabaseError'];
const transient = ['isTransientDatabaseError'];

test.each<[string, unknown, string[]]>([
  ['a connection that broke', new Error('Connection terminated unexpectedly'), lost],
  ['a closed client', new Error('Client has encountered a connection error and is not queryable'), lost],
  ['a connection that does not answer', new Error('Query read timeout'), lost],
  ['a pool without a free connection', new Error('timeout exceeded when trying to connect'), lost],
  ['a connection failure', withCode('08006'), lost],
  ['a session ended by an administrator', withCode('57P01', 'FATAL'), lost],
  ['a server that is starting', withCode('57P03', 'FATAL'), ['isConnectionLost', 'isServerStarting', 'isTransientDatabaseError']],
  ['a serialization failure', withCode('40001'), ['isTransactionConflict', 'isTransientDatabaseError']],
  ['a deadlock', withCode('40P01'), ['isTransactionConflict', 'isTransientDatabaseError']],
  ['too many connections', withCode('53300', 'FATAL'), transient],
  ['a canceled statement', withCode('57014'), transient],
  ['an unavailable lock', withCode('55P03'), transient],
  ['an idle transaction that was ended', withCode('25P03', 'FATAL'), transient],
  ['a database that does not exist', withCode('3D000', 'FATAL'), transient],
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND'].map((code): [string, unknown, string[]] => [
    code,
    Object.assign(new Error('connect'), { code }),
    transient,
  ]),
  ['a Unix socket of a server that is down', Object.assign(new Error('connect'), { code: 'ENOENT', syscall: 'connect' }), transient],
  ['a file that does not exist', Object.assign(new Error('open'), { code: 'ENOENT', syscall: 'open' }), []],
  ['a unique violation', withCode('23505'), []],
  ['a violation of a foreign key', withCode('23503'), ['isReferenceMissing']],
  ['a failed transaction', withCode('25P02'), []],
  ['an error of our own', new TypeError('boom'), []],
  ['a value that is no error', undefined, []],
])('classifies %s', (_, error, kinds) => {
  expect(classify(error)).toEqual(kinds);
  if (error !== undefined) expect(failureOf(error).status === 503).toBe(kinds.includes('isTransientDatabaseError'));
});
