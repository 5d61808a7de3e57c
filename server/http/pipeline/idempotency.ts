import { sql } from 'kysely';
import type { Queryable } from '../../database/sql.ts';
import { jsonb, statement } from '../../database/statement.ts';
import { newId, sha256 } from '../../platform/crypto/ids.ts';
import { hmacsOf, type Keyring } from '../../platform/crypto/keyring.ts';
import { seal, unseal } from '../../platform/crypto/seal.ts';
import { Failure, failWith, invalid } from '../../platform/failure.ts';
import type { HandlerResponse } from './implement.ts';

const columns = ['claim_id', 'request_hash', 'status', 'headers', 'body_sealed'] as const;

/** Claims a key that is new, expired (24 h), or left behind by a crash (60 s). */
const claimKey = statement<{ scopeHash: string; requestHash: string; claimId: string }>()((db, $) =>
  db
    .insertInto('idempotency_keys')
    .values({ scope_hash: $.scopeHash, request_hash: $.requestHash, claim_id: $.claimId })
    .onConflict((conflict) =>
      conflict
        .column('scope_hash')
        .doUpdateSet((eb) => ({
          request_hash: eb.ref('excluded.request_hash'),
          claim_id: eb.ref('excluded.claim_id'),
          claimed_at: sql<string>`now()`,
          status: sql.lit(null),
          headers: sql.lit(null),
          body_sealed: sql.lit(null),
        }))
        .where(
          'idempotency_keys.claimed_at',
          '<',
          sql<string>`now() - case when idempotency_keys.status is null then interval '60 seconds' else interval '24 hours' end`,
        ),
    )
    .returning(columns),
);
const findKey = statement<{ scopeHash: string }>()((db, $) =>
  db.selectFrom('idempotency_keys').select(columns).where('scope_hash', '=', $.scopeHash),
);

type Claimed = { scopeHash: string; claimId: string };
type StoredResponse = { status: number; headers: string; bodySealed: Buffer | null };

// A repeated request is answered from it.
const completeKey = statement<Claimed & StoredResponse>({ needsSynchronousCommit: true })((db, $) =>
  db
    .updateTable('idempotency_keys')
    .set({ status: $.status, headers: jsonb<{ [name: string]: string }>($.headers), body_sealed: $.bodySealed })
    .where('scope_hash', '=', $.scopeHash)
    .where('claim_id', '=', $.claimId)
    .where('status', 'is', null),
);
const renewKey = statement<Claimed>()((db, $) =>
  db
    .updateTable('idempotency_keys')
    .set({ claimed_at: sql<string>`now()` })
    .where('scope_hash', '=', $.scopeHash)
    .where('claim_id', '=', $.claimId)
    .where('status', 'is', null),
);
const releaseKey = statement<Claimed>()((db, $) =>
  db.deleteFrom('idempotency_keys').where('scope_hash', '=', $.scopeHash).where('claim_id', '=', $.claimId).where('status', 'is', null),
);

/** An idempotency key that this request has claimed. */
export type IdempotencyClaim = {
  /** Stores the response, in the transaction of the effect. Throws 409 if the claim was lost meanwhile. */
  complete(sql: Queryable, answer: HandlerResponse): Promise<void>;
  /** Frees the key after a request without effect. */
  release(): Promise<void>;
};

/** Parses `Idempotency-Key`. A quoted structured-field string and the bare value are the same key. Throws 400. */
export function parseIdempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const text = String(header);
  const key = /^"(?:[^"\\]|\\["\\])*"$/.test(text) ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text;
  if (!/^[\x20-\x7e]{1,255}$/.test(key))
    throw invalid([{ location: 'header', path: 'Idempotency-Key', message: 'must be 1 to 255 printable ASCII characters' }]);
  return key;
}

/**
 * Claims the key `scope` for a request, or returns the stored response. Throws 409 if the key belongs to another or an unfinished request.
 */
export async function claimIdempotencyKey(
  db: Queryable,
  encryptionKeys: Keyring,
  scope: readonly string[],
  request: Buffer,
): Promise<IdempotencyClaim | HandlerResponse> {
  const scopeHash = sha256(JSON.stringify(scope));
  // Keyed, because a body may contain a password, which could be guessed from a plain hash.
  const hashes = hmacsOf(encryptionKeys, 'idempotency', request).map((hmac) => hmac.toString('hex'));
  const requestHash = hashes[0]!;
  const claimId = newId();
  const won = await db.row(claimKey, { scopeHash, requestHash, claimId });
  if (won) return openClaim(db, encryptionKeys, scopeHash, claimId);
  const known = await db.row(findKey, { scopeHash });
  if (known && !hashes.includes(known.request_hash))
    throw failWith('conflict', 'idempotency_key_reused', 'This key was used for another request.');
  if (!known || known.status === null)
    throw new Failure(
      'conflict',
      'The first request with this key is still running.',
      { reason: 'idempotency_in_progress' },
      { 'retry-after': '1' },
    );
  const body = known.body_sealed && JSON.parse(unseal(encryptionKeys, known.body_sealed, scopeHash).toString());
  return { status: known.status, body, headers: { ...known.headers, 'idempotent-replayed': 'true' } };
}

/** Renewed while the request runs, because the answer of a model can take longer than a claim lasts. */
const renewalMs = 20_000;

function openClaim(db: Queryable, encryptionKeys: Keyring, scopeHash: string, claimId: string): IdempotencyClaim {
  // A renewal that fails is repeated by the next one.
  const renewal = setInterval(() => void db.run(renewKey, { scopeHash, claimId }).catch(() => undefined), renewalMs).unref();
  return {
    async complete(tx, { status, headers = {}, body }) {
      clearInterval(renewal);
      const bodySealed = body === undefined ? null : seal(encryptionKeys, JSON.stringify(body), scopeHash);
      const kept = await tx.run(completeKey, { scopeHash, claimId, status, headers: JSON.stringify(headers), bodySealed });
      if (kept === 0) throw failWith('conflict', 'idempotency_in_progress', 'The claim of this key was lost.');
    },
    async release() {
      clearInterval(renewal);
      await db.run(releaseKey, { scopeHash, claimId });
    },
  };
}
