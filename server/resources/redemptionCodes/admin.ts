import type { NewRedemptionCodes, RedemptionCodesQuery } from '../../../contract/redemptionCodes.ts';
import { likeLiteral } from '../../database/sql.ts';
import type { Scope } from '../../http/scope.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { randomSymbols } from '../../platform/crypto/randomSymbols.ts';
import { invalidField, notFound } from '../../platform/failure.ts';
import type { IssuedCodeRow } from './adminQueries.ts';
import * as queries from './adminQueries.ts';

/** Four groups of four symbols, 80 random bits. */
const newCode = () => Array.from({ length: 4 }, () => randomSymbols(4)).join('-');

/** Throws 400 for a feature flag that accounts cannot override. */
export async function issueCodes(scope: Scope, { count, ...kind }: NewRedemptionCodes): Promise<IssuedCodeRow[]> {
  const { tx, actor } = scope;
  const { type, value, max_uses: maxUses, expires_at: expiresAt = null, batch_id: batchId = null } = kind;
  if (type === 'feature' && !(await tx.row(queries.selectOverridable, { key: value })))
    throw invalidField('/value', 'is no feature flag that accounts may override', 'flag_not_found');
  const made: IssuedCodeRow[] = [];
  // Inserts again for codes that already exist. With 80 random bits this practically never happens.
  while (made.length < count) {
    const drawn = Array.from({ length: count - made.length }, newCode);
    const batch = { ids: drawn.map(newId), codes: drawn, type, value, maxUses, expiresAt, batchId, userId: actor.userId };
    made.push(...(await tx.rows(queries.insertCodes, batch)));
  }
  scope.audit({ accountId: null, targetId: null, metadata: { batch_id: batchId, count, type } });
  return made;
}

export async function listCodes({ app, db }: Scope, { limit, before, cursor = before, q, type }: RedemptionCodesQuery) {
  const filter = { pattern: q === undefined ? null : likeLiteral(q), type: type ?? null };
  return app.cursors.fetchPage(
    { limit, before: cursor },
    ['redemption codes', q ?? null, type ?? null],
    (key) => db.rows(queries.selectCodes, { ...filter, ...key }),
    (row) => [row.created_at, row.id],
  );
}

export async function findCode({ db }: Scope, id: string): Promise<IssuedCodeRow> {
  const code = await db.row(queries.selectCode, { id });
  if (!code) throw notFound();
  return code;
}

/** Does nothing if the code is already inactive. A concurrent redemption either completes before or fails with `code_inactive`. */
export async function deactivateCode({ tx, audit, skipAudit }: Scope, { id }: IssuedCodeRow): Promise<IssuedCodeRow> {
  const changed = await tx.row(queries.deactivateCode, { id });
  if (changed) audit({ accountId: null, before: { is_active: true }, after: { is_active: false } });
  else skipAudit();
  return changed ?? (await tx.row(queries.selectCode, { id }))!;
}
