import { setTimeout as sleep } from 'node:timers/promises';
import { facts } from '../kernel/facts.ts';
import type { Log } from '../kernel/log.ts';
import { type Sql, statement } from '../kernel/sql.ts';
import { statusOf, type Visit } from './visit.ts';

/** A line of the access log by the columns of its table (platform 13.8), in their order. */
type Line = ReturnType<typeof lineOf>;

/** The columns, and how each becomes what it is: all travel as text, whose lines are the values. */
const columns = [
  ['id', 'id::uuid'],
  ['timestamp', 'to_timestamp(timestamp::float8 / 1000)'],
  ['trace_id', 'trace_id'],
  ['method', 'method'],
  ['path', 'path'],
  ['status_code', 'status_code::integer'],
  ['duration_ms', 'duration_ms::integer'],
  ['client_ip', 'client_ip'],
  ['country', 'country'],
  ['city', 'city'],
  ['user_agent', 'user_agent'],
  ['ua_type', 'ua_type'],
  ['risk_score', 'risk_score::numeric'],
  ['identity_type', 'identity_type'],
  ['account_id', 'account_id'],
  ['user_id', 'user_id'],
] as const satisfies [keyof Line, string][];
const names = columns.map(([name]) => name).join(', ');

// Cut at line breaks and not read as JSON or arrays, which costs PostgreSQL more than all the rest of the insert (measured: 13 µs a line
// against 9). One empty value would be cut into none.
const insert = `
  insert into access_log (${names}) select ${columns.map(([, value]) => value).join(', ')}
  from unnest(${columns.map((_, at) => `coalesce(nullif(string_to_array($${at + 1}, E'\\n'), '{}'), array[''])`).join(', ')}) as line (${names})`;
const insertLines = statement<never>(insert);
/** For a batch whose outcome was not heard: it may be there. To ask that of every line costs a fifth more. */
const insertMissing = statement<never>(`${insert} on conflict (id) do nothing`);

const valuesOf = (batch: readonly Line[]) => columns.map(([name]) => batch.map((line) => line[name]).join('\n'));

const mostWaiting = 4_096;
const mostInBatch = 1_024;
const flushMs = 250;
const pauseMs = 1_000;
/** Where answers are noted. */
export type AccessLog = {
  /** Notes a request whose answer is over. */
  note(visit: Visit): void;
  /** Lines that were lost because the queue was full. */
  dropped(): number;
  close(): Promise<void>;
};

/** Notes requests in the database, in batches and without ever holding one up; without a database nothing is noted. */
export function openAccessLog(sql: Sql | undefined, log: Log): AccessLog {
  if (!sql) return { note: () => undefined, dropped: () => 0, close: async () => undefined };
  const waiting: Line[] = [];
  let [dropped, told] = [0, 0];
  let isUnsure = false;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> | undefined;

  function add(line: Line) {
    if (waiting.length >= mostWaiting) {
      facts.linesLogged.tell({ outcome: 'dropped', count: 1 });
      return void dropped++;
    }
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
        await sql!.run(isUnsure ? insertMissing : insertLines, valuesOf(batch));
        isUnsure = false;
        facts.linesLogged.tell({ outcome: 'written', count: batch.length });
        waiting.splice(0, batch.length);
      } catch (err) {
        isUnsure = true;
        log.warn({ err, waiting: waiting.length }, 'lines of the access log wait for the database');
        await sleep(pauseMs, undefined, { ref: false });
        return;
      }
      if (dropped > told) log.warn({ dropped }, 'lines of the access log were dropped');
      told = dropped;
    } while (waiting.length >= mostInBatch);
  }
  return {
    note: (visit) => add(lineOf(visit)),
    dropped: () => dropped,
    async close() {
      if (waiting.length > 0) write();
      await Promise.race([writing, sleep(2_000, undefined, { ref: false })]);
    },
  };
}

/** The instant that is in an id in milliseconds, so that both sort alike. */
const timeOf = (id: string) => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);

const lineOf = ({ id, began, request, response, traceId, path, ip, place, agent, risk, identity }: Visit) => ({
  id,
  timestamp: timeOf(id),
  trace_id: traceId,
  method: request.method ?? '',
  path,
  status_code: statusOf(response),
  duration_ms: Math.round(performance.now() - began),
  client_ip: ip,
  country: place.country,
  city: place.city,
  user_agent: (request.headers['user-agent'] ?? '').slice(0, 512),
  ua_type: agent,
  risk_score: risk,
  identity_type: identity.type,
  account_id: identity.accountId,
  user_id: identity.userId,
});
