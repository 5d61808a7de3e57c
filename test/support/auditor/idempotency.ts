import type pg from 'pg';
import { sha256 } from '../../../server/platform/crypto/ids.ts';
import type { Keyring } from '../../../server/platform/crypto/keyring.ts';
import { unseal } from '../../../server/platform/crypto/seal.ts';
import type { Finding } from './finding.ts';
import type { Journal, KeyedWrite } from './journal.ts';

type Stored = { scope_hash: string; status: number; body_sealed: Buffer | null };

/** Tables whose rows stored responses name. */
const tables = [
  ...['threads', 'messages', 'runs', 'webhook_endpoints', 'llm_providers', 'llm_models', 'mcp_configs', 'credit_operations'],
  ...['personas', 'skills', 'schedules', 'memories', 'projects', 'teams', 'thread_shares', 'api_keys', 'service_keys'],
  ...['plans', 'subscriptions', 'feature_flags'],
];

/** Stored responses must name rows that exist, and must be those that clients received. */
export async function auditIdempotencyKeys(client: pg.Client, keys: Keyring, journal?: Journal): Promise<Finding[]> {
  const findings: Finding[] = [];
  const { rows } = await client.query<Stored>('select scope_hash, status, body_sealed from idempotency_keys where status is not null');
  const responses = new Map(rows.map((row) => [row.scope_hash, { status: row.status, id: createdId(row, keys) }]));
  const ids = [...responses.values()].flatMap(({ status, id }) => (status === 201 && id ? [id] : []));
  const known = new Set<string>();
  for (const table of tables) {
    const found = await client.query<{ id: string }>(`select id from ${table} where id = any ($1::uuid[])`, [ids]);
    for (const { id } of found.rows) known.add(id);
  }
  for (const [subject, { status, id }] of responses)
    if (status === 201 && id && !known.has(id))
      findings.push({ kind: 'idempotency.record', subject, detail: `the stored response names ${id}, which does not exist` });
  for (const write of journal?.writes ?? []) {
    if (!write.acknowledged) continue;
    const stored = responses.get(scopeHashOf(write));
    if (stored?.status !== write.acknowledged.status || (stored.id ?? '') !== write.acknowledged.id)
      findings.push({
        kind: 'idempotency.response',
        subject: write.key,
        detail: `${write.kind}: the client received ${JSON.stringify(write.acknowledged)}, stored is ${JSON.stringify(stored)}`,
      });
  }
  return findings;
}

const scopeHashOf = ({ userId, accountId, path, key }: KeyedWrite) => sha256(JSON.stringify([userId, accountId, 'POST', path, key]));

/** The id of the row that a stored response says was created. */
function createdId({ scope_hash: scopeHash, body_sealed: sealed }: Stored, keys: Keyring): string | undefined {
  const body = sealed && (JSON.parse(unseal(keys, sealed, scopeHash).toString()) as { id?: string; run_id?: string } | null);
  return body?.id ?? body?.run_id;
}
