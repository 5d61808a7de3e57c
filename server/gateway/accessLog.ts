import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Queryable } from '../database/sql.ts';
import { type Builder, type Parameters, statement } from '../database/statement.ts';
import type { Log } from '../platform/telemetry/log.ts';
import { metricsEvents } from '../platform/telemetry/metricsEvents.ts';
import { hideTokens } from './hideTokens.ts';
import { type RequestContext, statusOf } from './requestContext.ts';

/** A row of `access_log`. */
type Line = ReturnType<typeof lineOf>;

/** Columns of `access_log`, each with the SQL expression that casts its text value. */
const columns = [
  ['id', 'line.id::uuid'],
  ['timestamp', 'to_timestamp(line.timestamp::float8 / 1000)'],
  ['trace_id', 'line.trace_id'],
  ['method', 'line.method'],
  ['path', 'line.path'],
  ['status_code', 'line.status_code::integer'],
  ['duration_ms', 'line.duration_ms::integer'],
  ['client_ip', 'line.client_ip'],
  ['country', 'line.country'],
  ['city', 'line.city'],
  ['user_agent', 'line.user_agent'],
  ['ua_type', 'line.ua_type'],
  ['risk_score', 'line.risk_score::numeric'],
  ['identity_type', 'line.identity_type'],
  ['account_id', 'line.account_id'],
  ['user_id', 'line.user_id'],
  ['service_key_id', 'line.service_key_id'],
] as const satisfies [keyof Line, string][];
const names = columns.map(([name]) => name);

/** The values of each column, joined by line breaks. */
type Batch = Record<(typeof names)[number], string>;

/**
 * Splits the values at line breaks. Passing JSON or arrays would cost PostgreSQL more than the rest of the insert (measured: 13 µs per row
 * against 9 µs). Splitting a single empty value yields an empty array, hence the `coalesce`.
 */
const insertBatch = (db: Builder, $: Parameters<Batch>) => {
  const values = names.map((name) => sql`coalesce(nullif(string_to_array(${$[name]}, E'\\n'), '{}'), array[''])`);
  return db
    .insertInto('access_log')
    .columns(names)
    .expression((eb) =>
      eb
        .selectFrom(sql<Batch>`unnest(${sql.join(values)})`.as<'line'>(sql`line (${sql.join(names.map((name) => sql.ref(name)))})`))
        .select(columns.map(([name, value]) => sql.raw(value).as(name))),
    );
};
const insertLines = statement<Batch>()(insertBatch);
/** For a batch that may have been written although its insert failed. The conflict check adds a fifth to the cost of each row. */
const insertMissing = statement<Batch>()((db, $) => insertBatch(db, $).onConflict((conflict) => conflict.column('id').doNothing()));

function batchOf(lines: readonly Line[]): Batch {
  const textOf = (name: keyof Batch) => lines.map((line) => line[name]).join('\n');
  return {
    id: textOf('id'),
    timestamp: textOf('timestamp'),
    trace_id: textOf('trace_id'),
    method: textOf('method'),
    path: textOf('path'),
    status_code: textOf('status_code'),
    duration_ms: textOf('duration_ms'),
    client_ip: textOf('client_ip'),
    country: textOf('country'),
    city: textOf('city'),
    user_agent: textOf('user_agent'),
    ua_type: textOf('ua_type'),
    risk_score: textOf('risk_score'),
    identity_type: textOf('identity_type'),
    account_id: textOf('account_id'),
    user_id: textOf('user_id'),
    service_key_id: textOf('service_key_id'),
  };
}

const maxQueued = 4_096;
const maxBatch = 1_024;
const flushMs = 250;
const pauseMs = 1_000;
/** The share of successful requests that get a line, from 0 to 1, and the duration in milliseconds from which a request always gets one. */
export type Sampling = { rate: number; slowMs: number };

/** The duration of an event stream is that of its run, so a long stream is not slow. */
function isSampled({ rate, slowMs }: Sampling, { response, startedAt }: RequestContext): boolean {
  if (rate >= 1 || statusOf(response) >= 400) return true;
  const isStream = `${response.getHeader('content-type') ?? ''}`.startsWith('text/event-stream');
  return (!isStream && performance.now() - startedAt >= slowMs) || Math.random() < rate;
}

export type AccessLog = {
  /** Adds a line for a request whose response has ended, unless it is left out by the sampling. */
  record(context: RequestContext): void;
  /** The number of lines lost because the queue was full. */
  dropped(): number;
  close(): Promise<void>;
};

/** Writes access log lines in batches, without delaying requests. Without a database it does nothing. */
export function openAccessLog(database: Queryable | undefined, log: Log, sampling: Sampling = { rate: 1, slowMs: 0 }): AccessLog {
  if (!database) return { record: () => undefined, dropped: () => 0, close: async () => undefined };
  const waiting: Line[] = [];
  let [dropped, reported] = [0, 0];
  let isUnsure = false;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> | undefined;

  function add(line: Line) {
    if (waiting.length >= maxQueued) {
      metricsEvents.accessLogLines.emit({ outcome: 'dropped', count: 1 });
      return void dropped++;
    }
    waiting.push(line);
    if (waiting.length >= maxBatch) write();
    else timer ??= setTimeout(write, flushMs).unref();
  }
  function write() {
    clearTimeout(timer);
    timer = undefined;
    writing ??= writeAll().finally(() => {
      writing = undefined;
      if (waiting.length > 0) timer ??= setTimeout(write, flushMs).unref();
    });
  }
  async function writeAll() {
    do {
      const batch = waiting.slice(0, maxBatch);
      try {
        await database!.run(isUnsure ? insertMissing : insertLines, batchOf(batch));
        isUnsure = false;
        metricsEvents.accessLogLines.emit({ outcome: 'written', count: batch.length });
        waiting.splice(0, batch.length);
      } catch (err) {
        isUnsure = true;
        log.warn({ err, waiting: waiting.length }, 'lines of the access log wait for the database');
        await sleep(pauseMs, undefined, { ref: false });
        return;
      }
      if (dropped > reported) log.warn({ dropped }, 'lines of the access log were dropped');
      reported = dropped;
    } while (waiting.length >= maxBatch);
  }
  return {
    record: (context) => void (isSampled(sampling, context) && add(lineOf(context))),
    dropped: () => dropped,
    async close() {
      if (waiting.length > 0) write();
      await Promise.race([writing, sleep(2_000, undefined, { ref: false })]);
    },
  };
}

/** As long as a filter for paths may be. Rejected requests are logged too, so without a limit an address could fill the disk with long paths. */
const maxPathLength = 2_048;
const maxUserAgentLength = 512;

/** The timestamp of a UUIDv7, in milliseconds. Rows sort alike by `id` and by `timestamp`. */
const timeOf = (id: string) => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);

const lineOf = ({ id, startedAt, request, response, traceId, path, ip, location, userAgentType, risk, identity }: RequestContext) => ({
  id,
  timestamp: timeOf(id),
  trace_id: traceId,
  method: request.method ?? '',
  path: hideTokens(path).slice(0, maxPathLength),
  status_code: statusOf(response),
  duration_ms: Math.round(performance.now() - startedAt),
  client_ip: ip,
  country: location.country,
  city: location.city,
  user_agent: (request.headers['user-agent'] ?? '').slice(0, maxUserAgentLength),
  ua_type: userAgentType,
  risk_score: risk,
  identity_type: identity.type,
  account_id: identity.accountId,
  user_id: identity.userId,
  service_key_id: identity.serviceKeyId ?? '',
});
