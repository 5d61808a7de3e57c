import type { NewRedemptionCodes, RedemptionCodesQuery } from '../../../contract/redemptionCodes.ts';
import { invalidField, notFound } from '../../kernel/failure.ts';
import { newId } from '../../kernel/ids.ts';
import type { Scope } from '../../kernel/scope.ts';
import { likeLiteral } from '../../kernel/sql.ts';
import { randomSymbols } from '../../kernel/symbols.ts';
import type { IssuedCodeRow } from './adminQueries.ts';
import * as queries from './adminQueries.ts';

/** Four groups of four symbols: 80 bits of chance. */
const newCode = () => Array.from({ length: 4 }, () => randomSymbols(4)).join('-');

/** Make a batch of codes. Throws 400 for a feature that no account can be given. */
export async function issueCodes(scope: Scope, { count, ...kind }: NewRedemptionCodes): Promise<IssuedCodeRow[]> {
  const { tx, actor } = scope;
  const { type, value, max_uses: maxUses, expires_at: expiresAt = null, batch_id: batchId = null } = kind;
  if (type === 'feature' && !(await tx.row(queries.selectOverridable, [value])))
    throw invalidField('/value', 'is no feature flag that accounts may override');
  const made: IssuedCodeRow[] = [];
  // A code that exists already is drawn again: with 80 bits of chance once, if ever.
  while (made.length < count) {
    const drawn = Array.from({ length: count - made.length }, newCode);
    const values = [drawn.map(newId), drawn, type, value, maxUses, expiresAt, batchId, actor.userId];
    made.push(...(await tx.rows(queries.insertCodes, values)));
  }
  scope.audit({ accountId: null, targetId: null, metadata: { batch_id: batchId, count, type } });
  return made;
}

/** Codes, newest first. */
export async function listCodes({ app, read }: Scope, { limit, before, cursor = before, q, type }: RedemptionCodesQuery) {
  const list = ['redemption codes', q ?? null, type ?? null];
  const [createdAt = null, id = null] = app.cursors.open(cursor, list) ?? [];
  const pattern = q === undefined ? null : likeLiteral(q);
  const rows = await read.rows(queries.selectCodes, [pattern, type ?? null, createdAt, id, limit + 1]);
  return app.cursors.page(rows, limit, list, (row) => [row.created_at, row.id]);
}

/** The code a path names. */
export async function findCode({ read }: Scope, id: string): Promise<IssuedCodeRow> {
  const code = await read.row(queries.selectCode, [id]);
  if (!code) throw notFound();
  return code;
}

/** Switch a code off; one that is off stays so. Who redeems it at the same moment has it, or finds it switched off. */
export async function deactivateCode({ tx, audit, skipAudit }: Scope, { id }: IssuedCodeRow): Promise<IssuedCodeRow> {
  const changed = await tx.row(queries.deactivateCode, [id]);
  if (changed) audit({ accountId: null, before: { is_active: true }, after: { is_active: false } });
  else skipAudit();
  return changed ?? (await tx.row(queries.selectCode, [id]))!;
}
