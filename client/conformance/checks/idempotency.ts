import type { CallOptions } from '../call.ts';
import { type CheckContext, note, type Result, sendAndCheck } from '../exchange.ts';
import { operations } from '../operations.ts';
import { type Row, rowsOf } from './rows.ts';

type Keyed = { path: string; options: CallOptions };

/** Repeats a request that has succeeded as `first`, with the same key. */
export async function checkIdempotency(
  kit: CheckContext,
  result: Result,
  { path, options }: Keyed,
  first: Awaited<ReturnType<CheckContext['call']>>,
) {
  if (first.headers.has('idempotent-replayed'))
    note(result, 'idempotency.header', path, first, 'the first response has Idempotent-Replayed');
  const before = await listedAt(kit, path, options);
  const again = await sendAndCheck(kit, result, path, options);
  if (again.status !== first.status)
    note(result, 'idempotency.replay', path, again, `the replay is ${again.status}, the first response was ${first.status}`);
  else if (again.text !== first.text)
    note(result, 'idempotency.replay', path, again, 'the replay has another body than the first response');
  const flag = again.headers.get('idempotent-replayed');
  if (flag !== 'true') note(result, 'idempotency.header', path, again, `Idempotent-Replayed is ${flag ?? 'missing'} on the replay`);
  const after = await listedAt(kit, path, options);
  if (before && after && after.length > before.length)
    note(result, 'idempotency.effect', path, again, 'the replay created another resource');
  const malformed = { ...options, headers: { ...options.headers, 'idempotency-key': 'k'.repeat(256) } };
  const refused = await sendAndCheck(kit, result, path, malformed);
  if (refused.status !== 400) note(result, 'idempotency.key', path, refused, 'expected 400 for a key of 256 characters');
}

/** The rows of the list at the path, if there is one. */
async function listedAt({ call }: CheckContext, path: string, { token, headers }: CallOptions): Promise<Row[] | undefined> {
  const [bare = ''] = path.split('?');
  const list = operations.find(({ route }) => route.method === 'GET' && route.metadata.pages === 'cursor' && route.path === bare);
  if (!list) return undefined;
  const { 'idempotency-key': _, ...others } = headers ?? {};
  return rowsOf((await call('GET', `${bare}?limit=200`, { ...(token && { token }), headers: others })).body);
}
