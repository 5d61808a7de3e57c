import { createHmac } from 'node:crypto';
import { Failure, invalid, refuse } from '../kernel/failure.ts';
import { newId, sha256 } from '../kernel/ids.ts';
import { deriveKey } from '../kernel/keys.ts';
import { seal, unseal } from '../kernel/seal.ts';
import { type Sql, statement } from '../kernel/sql.ts';
import type { Answered } from './implement.ts';

type Record = {
  claim_id: string;
  request_hash: string;
  status: number | null;
  headers: { [name: string]: string } | null;
  body_sealed: Buffer | null;
};

/** Claims a key that is new, expired (24 h), or left behind by a crash (60 s). */
const claimKey = statement<Record>(`
  insert into idempotency_keys (scope_hash, request_hash, claim_id) values ($1, $2, $3)
  on conflict (scope_hash) do update
    set request_hash = excluded.request_hash, claim_id = excluded.claim_id, claimed_at = now(), status = null, headers = null, body_sealed = null
    where idempotency_keys.claimed_at < now() - case when idempotency_keys.status is null then interval '60 seconds' else interval '24 hours' end
  returning claim_id, request_hash, status, headers, body_sealed`);
const findKey = statement<Record>(
  'select claim_id, request_hash, status, headers, body_sealed from idempotency_keys where scope_hash = $1',
);
const completeKey = statement<never>(
  'update idempotency_keys set status = $3, headers = $4, body_sealed = $5 where scope_hash = $1 and claim_id = $2 and status is null',
);
const releaseKey = statement<never>('delete from idempotency_keys where scope_hash = $1 and claim_id = $2 and status is null');

/** A key in use by this request. */
export type Claim = {
  /** Keep the answer, in the transaction of the effect; throws when the claim was lost meanwhile. */
  complete(sql: Sql, answer: Answered): Promise<void>;
  /** The request had no effect: the key is free again. */
  release(): Promise<void>;
};

/** Read an Idempotency-Key; a quoted structured-field string and the bare value are the same key. Throws 400. */
export function readKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const text = String(header);
  const key = /^"(?:[^"\\]|\\["\\])*"$/.test(text) ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text;
  if (!/^[\x20-\x7e]{1,255}$/.test(key))
    throw invalid([{ location: 'header', path: 'Idempotency-Key', message: 'must be 1 to 255 printable ASCII characters' }]);
  return key;
}

/** Claim `scope` for a request, or get the answer it had before. Throws 409 when it is taken. */
export async function claim(sql: Sql, encryptionKey: Buffer, scope: readonly string[], request: Buffer): Promise<Claim | Answered> {
  const scopeHash = sha256(JSON.stringify(scope));
  // With a key: a body may hold a password, which a bare hash would let anybody guess at.
  const requestHash = createHmac('sha256', deriveKey(encryptionKey, 'idempotency')).update(request).digest('hex');
  const claimId = newId();
  const won = await sql.row(claimKey, [scopeHash, requestHash, claimId]);
  if (won) return held(sql, encryptionKey, scopeHash, claimId);
  const known = await sql.row(findKey, [scopeHash]);
  if (known && known.request_hash !== requestHash)
    throw refuse('conflict', 'idempotency_key_reused', 'This key was used for another request.');
  if (!known || known.status === null)
    throw new Failure(
      'conflict',
      'The first request with this key is still running.',
      { reason: 'idempotency_in_progress' },
      { 'retry-after': '1' },
    );
  const body = known.body_sealed && JSON.parse(unseal(encryptionKey, known.body_sealed, scopeHash).toString());
  return { status: known.status, body, headers: { ...known.headers, 'idempotent-replayed': 'true' } };
}

const held = (sql: Sql, encryptionKey: Buffer, scopeHash: string, claimId: string): Claim => ({
  async complete(tx, { status, headers = {}, body }) {
    const sealed = body === undefined ? null : seal(encryptionKey, JSON.stringify(body), scopeHash);
    const kept = await tx.run(completeKey, [scopeHash, claimId, status, JSON.stringify(headers), sealed]);
    if (kept === 0) throw refuse('conflict', 'idempotency_in_progress', 'The claim of this key was lost.');
  },
  release: async () => void (await sql.run(releaseKey, [scopeHash, claimId])),
});
