import { randomUUIDv7 } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../kernel/log.ts';
import { type Sql, statement } from '../kernel/sql.ts';
import type { Visit } from './visit.ts';

/** A line of the access log, by the columns of its table (platform 13.8). */
type Line = {
  id: string;
  timestamp: string;
  trace_id: string;
  method: string;
  path: string;
  status_code: number;
  duration_ms: number;
  client_ip: string;
  country: string;
  city: string;
  user_agent: string;
  ua_type: string;
  risk_score: number;
  identity_type: string;
  account_id: string;
  user_id: string;
};

const columns = `id, timestamp, trace_id, method, path, status_code, duration_ms, client_ip, country, city, user_agent, ua_type, risk_score,
  identity_type, account_id, user_id`;
// A batch whose outcome was not heard is sent again.
const insertLines = statement<never>(`
  insert into access_log (${columns}) select ${columns} from json_populate_recordset(null::access_log, $1::json) on conflict (id) do nothing`);

const mostWaiting = 4_096;
const mostInBatch = 1_024;
const flushMs = 250;
const pauseMs = 1_000;
/** The status of a request whose caller left before the answer. */
const leftEarly = 499;

/** Where answers are noted. */
export type AccessLog = {
  /** Notes a request when its answer is over. */
  follow(visit: Visit): void;
  /** Lines that were lost because the queue was full. */
  dropped(): number;
  close(): Promise<void>;
};

/** Notes requests in the database, in batches and without ever holding one up; without a database nothing is noted. */
export function openAccessLog(sql: Sql | undefined, log: Log): AccessLog {
  if (!sql) return { follow: () => undefined, dropped: () => 0, close: async () => undefined };
  const waiting: Line[] = [];
  let [dropped, told] = [0, 0];
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> | undefined;

  function add(line: Line) {
    if (waiting.length >= mostWaiting) return void dropped++;
    waiting.push(line);
    if (waiting.length >= mostInBatch) write();
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
      const batch = waiting.slice(0, mostInBatch);
      try {
        await sql!.run(insertLines, [JSON.stringify(batch)]);
        waiting.splice(0, batch.length);
      } catch (err) {
        log.warn({ err, waiting: waiting.length }, 'lines of the access log wait for the database');
        await sleep(pauseMs, undefined, { ref: false });
        return;
      }
      if (dropped > told) log.warn({ dropped }, 'lines of the access log were dropped');
      told = dropped;
    } while (waiting.length >= mostInBatch);
  }
  return {
    follow(visit) {
      const [id, began] = [randomUUIDv7(), performance.now()];
      visit.response.once('close', () =>
        add({ ...lineOf(visit), id, timestamp: timeOf(id), duration_ms: Math.round(performance.now() - began) }),
      );
    },
    dropped: () => dropped,
    async close() {
      write();
      await Promise.race([writing, sleep(2_000, undefined, { ref: false })]);
    },
  };
}

/** The instant that is in an id, so that both sort alike. */
const timeOf = (id: string) => new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)).toISOString();

function lineOf({ request, response, traceId, path, ip, place, agent, risk, identity }: Visit) {
  return {
    trace_id: traceId,
    method: request.method ?? '',
    path,
    status_code: response.headersSent ? response.statusCode : leftEarly,
    client_ip: ip,
    country: place.country,
    city: place.city,
    user_agent: (request.headers['user-agent'] ?? '').slice(0, 512),
    ua_type: agent,
    risk_score: risk,
    identity_type: identity.type,
    account_id: identity.accountId,
    user_id: identity.userId,
  };
}
