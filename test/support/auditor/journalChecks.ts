import type pg from 'pg';
import type { Finding } from './finding.ts';
import type { Journal, KeyedWrite } from './journal.ts';

/** How the rows of a write are found. `counted` selects the number of rows with the key of the write. */
const places: Record<KeyedWrite['kind'], { exists: string; counted?: string }> = {
  thread: { exists: 'select id from threads', counted: 'select title as key, count(*) as n from threads group by title' },
  message: {
    exists: 'select id from messages',
    counted: `select content as key, count(*) as n from messages where role = 'user' group by content`,
  },
  run: { exists: 'select id from runs' },
  adjustment: {
    exists: `select account_id as id from credit_transactions where reference_type = 'admin_adjust'`,
    counted: `select note as key, count(*) as n from credit_transactions where reference_type = 'admin_adjust' group by note`,
  },
  operation: {
    exists: 'select id from credit_operations',
    counted: 'select note as key, count(*) as n from credit_operations group by note',
  },
};

/** Everything that clients were told must be in the database exactly once. */
export async function auditJournal(client: pg.Client, journal: Journal): Promise<Finding[]> {
  return [
    ...journal.complaints,
    ...(await auditWrites(client, journal.writes)),
    ...(await auditRunsOfThreads(client, journal.writes)),
    ...(await auditUsers(client, journal)),
    ...(await auditStreams(client, journal)),
    ...auditToolCalls(journal),
    ...(await auditDeliveries(client, journal)),
  ];
}

async function auditWrites(client: pg.Client, writes: readonly KeyedWrite[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [kind, { exists, counted }] of Object.entries(places)) {
    const some = writes.filter((write) => write.kind === kind);
    const written = some.map(({ key, acknowledged, attempts }) => ({ key, id: acknowledged?.id || null, done: !!acknowledged, attempts }));
    const input = 'jsonb_to_recordset($1::jsonb) as w (key text, id uuid, done boolean, attempts int)';
    const missing = `select w.key as subject, format('%s was acknowledged and is missing', w.id) as detail
      from ${input} where w.id is not null and w.id not in (${exists})`;
    const number = `select w.key as subject, format('stored %s times after %s requests, acknowledged: %s', coalesce(c.n, 0), w.attempts, w.done) as detail
      from ${input} left join (${counted}) c on c.key = w.key where coalesce(c.n, 0) > 1 or (w.done and coalesce(c.n, 0) <> 1)`;
    const queries = { 'write.lost': missing, ...(counted && { 'write.count': number }) };
    for (const [name, query] of Object.entries(queries)) {
      const { rows } = await client.query<{ subject: string; detail: string }>(query, [JSON.stringify(written)]);
      findings.push(...rows.map(({ subject, detail }) => ({ kind: name, subject, detail: `${kind}: ${detail}` })));
    }
  }
  return findings;
}

/** A run has no text of its own that names the key: its thread must have as many runs as keys were acknowledged, or left without response. */
async function auditRunsOfThreads(client: pg.Client, writes: readonly KeyedWrite[]): Promise<Finding[]> {
  const threads = Map.groupBy(
    writes.filter(({ kind }) => kind === 'run'),
    ({ threadId }) => threadId!,
  );
  const { rows } = await client.query<{ thread_id: string; n: number }>(
    'select thread_id, count(*)::int as n from runs where thread_id = any ($1::uuid[]) group by thread_id',
    [[...threads.keys()]],
  );
  const stored = new Map(rows.map(({ thread_id: id, n }) => [id, n]));
  return [...threads].flatMap(([subject, keyed]) => {
    const least = keyed.filter(({ acknowledged }) => acknowledged).length;
    const n = stored.get(subject) ?? 0;
    if (n >= least && n <= keyed.length) return [];
    return [{ kind: 'write.count', subject, detail: `run: ${n} runs in the thread, ${least} of ${keyed.length} keys acknowledged` }];
  });
}

async function auditUsers(client: pg.Client, { users }: Journal): Promise<Finding[]> {
  const { rows } = await client.query<{ subject: string; detail: string }>(
    `select w.login as subject, format('registered as %s, stored %s times', w.id, count(u.id)) as detail
     from jsonb_to_recordset($1::jsonb) as w (login text, id uuid) left join users u on u.username = w.login and (w.id is null or u.id = w.id)
     group by w.login, w.id having count(u.id) > 1 or (w.id is not null and count(u.id) <> 1)`,
    [JSON.stringify(users.map(({ login, userId }) => ({ login, id: userId ?? null })))],
  );
  return rows.map((row) => ({ kind: 'write.user', ...row }));
}

/** A reader receives the stored events, each once and in order. */
async function auditStreams(client: pg.Client, { streams }: Journal): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (let at = 0; at < streams.length; at += 500) {
    const some = streams.slice(at, at + 500);
    const { rows } = await client.query<{ run_id: string; ids: string[] }>(
      'select run_id, array_agg(event_id::text order by seq) as ids from run_events where run_id = any ($1::uuid[]) group by run_id',
      [some.map(({ runId }) => runId)],
    );
    const stored = new Map(rows.map(({ run_id: id, ids }) => [id, ids]));
    for (const { runId, events } of some) {
      const ids = stored.get(runId) ?? [];
      const wrong = events.findIndex(({ seq, event_id: id }, place) => seq !== place + 1 || ids[place] !== id);
      if (wrong >= 0)
        findings.push({
          kind: 'stream.event',
          subject: runId,
          detail: `event ${wrong + 1} of the reader is ${JSON.stringify(events[wrong])}, stored is ${ids[wrong]}`,
        });
    }
  }
  return findings;
}

const auditToolCalls = ({ toolCalls }: Journal): Finding[] =>
  [...toolCalls].flatMap(([subject, n]) => (n > 1 ? [{ kind: 'tool.repeated', subject, detail: `executed ${n} times` }] : []));

/** A delivery that is recorded as delivered must have been received. */
async function auditDeliveries(client: pg.Client, { deliveries }: Journal): Promise<Finding[]> {
  const { rows } = await client.query<{ id: string }>(`select id from webhook_deliveries where status = 'delivered'`);
  return rows.flatMap(({ id }) =>
    deliveries.has(id) ? [] : [{ kind: 'webhook.unsent', subject: id, detail: 'recorded as delivered, but not received' }],
  );
}
