import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { ExportFormat } from '../../../contract/exports.ts';
import type { Queryable } from '../../database/sql.ts';
import { countAttempt } from '../../http/pipeline/attemptLimits.ts';
import { type Recheck, whileAllowed } from '../../http/pipeline/recheck.ts';
import type { Scope } from '../../http/scope.ts';
import type { StreamBody } from '../../http/sse.ts';
import { limiterKeyOf } from '../../platform/limiterKey.ts';
import { rowWriterOf } from './formats.ts';
import { atMinimumRate } from './minimumRate.ts';
import { createPlaces, type Place } from './places.ts';

const limits = {
  /** Exports that this process sends at a time. Each reads one batch at a time, and holds no connection between them. */
  inAll: 4,
  /** Of a caller, and of an account. */
  perOwner: 2,
  /** Started by a caller in an hour. */
  perHour: 60,
  /** A client that reads nothing for this time is disconnected. */
  idleMs: 60_000,
  totalMs: 30 * 60_000,
  /** Rows in memory. */
  batch: 500,
};

const reason = 'export_rate_limited';
const takePlace = createPlaces('row-export', limits, reason);

/** Rows by keyset: `read` returns rows after `after`, whose fields are their key, and none at the end. The first call gets undefined. */
type Source<Key, Row extends Key, Shown extends object> = {
  /** Of the file, without its extension. */
  name: string;
  format: ExportFormat;
  read(sql: Queryable, after: Key | undefined, limit: number): Promise<Row[]>;
  view(row: Row): Shown;
  /** The columns of CSV, in this order. The last one never needs quotes. */
  columns: readonly (keyof Shown & string)[];
};

/** `closed` aborts when the response has been sent or its client has left. */
export type ExportCall = { closed: AbortSignal; recheck: Recheck };

/**
 * Sends rows while they are read. If reading fails, or the caller loses access, the connection is destroyed and the end of the format is missing. Throws 429 `export_rate_limited`.
 */
export async function exportRows<Key, Row extends Key, Shown extends object>(
  scope: Scope,
  { closed, recheck }: ExportCall,
  source: Source<Key, Row, Shown>,
) {
  const { app, db, actor, accountId, client } = scope;
  const owner = actor.serviceKeyId ?? actor.userId;
  // Exports of platform admins must not take the places of an account.
  const place = takePlace(scope.isPlatformAdmin || actor.serviceKeyId ? [owner] : [owner, accountId], closed);
  await countAttempt(db, [{ bucket: limiterKeyOf('row-export', owner), max: limits.perHour, seconds: 3_600, reason }]);
  const onError = (error: unknown) => app.log.error({ err: error, trace_id: client.traceId }, 'an export was not sent to its end');
  const body: StreamBody = {
    attach(res) {
      res.vary('accept-encoding');
      const isPacked = res.req.acceptsEncodings('gzip', 'identity') === 'gzip';
      if (isPacked) res.setHeader('content-encoding', 'gzip');
      if (res.req.method === 'HEAD') {
        place.leave();
        return void res.end();
      }
      res.setTimeout(limits.idleMs, () => res.destroy());
      const late = setTimeout(() => res.destroy(), limits.totalMs);
      const text = Readable.from(
        atMinimumRate(whileAllowed(textOf(scope, source, place), recheck), place.rate, () => res.destroy()),
        { objectMode: false },
      );
      (isPacked ? pipeline(text, createGzip(), res) : pipeline(text, res))
        .catch((error: Error & { code?: string }) => {
          if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') onError(error);
        })
        .finally(() => clearTimeout(late));
    },
  };
  const headers = {
    'content-type': rowWriterOf(source.format, source.columns).type,
    'content-disposition': `attachment; filename="${source.name}.${source.format}"`,
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
  };
  return { status: 200 as const, body, headers };
}

async function* textOf<Key, Row extends Key, Shown extends object>(
  { app }: Scope,
  { format, columns, read, view }: Source<Key, Row, Shown>,
  place: Place,
): AsyncGenerator<Buffer> {
  place.hasBegun = true;
  try {
    const writer = rowWriterOf(format, columns);
    let [count, last] = [0, undefined as Row | undefined];
    for (;;) {
      const readNext = (sql: Queryable) => read(sql, last, limits.batch);
      const rows = await (app.replica ? app.replica.read(readNext) : readNext(app.database));
      if (rows.length === 0) break;
      yield Buffer.from(writer.write(rows.map(view)));
      count += rows.length;
      last = rows.at(-1);
    }
    yield Buffer.from(writer.end(count));
  } finally {
    place.leave();
  }
}
