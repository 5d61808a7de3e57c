import type { MemoryChanges, NewMemory } from '../../../contract/memories.ts';
import type { PageQuery } from '../../../contract/shared/pagination.ts';
import type { Queryable, Transaction } from '../../database/sql.ts';
import type { Scope } from '../../http/scope.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { failWith, notFound } from '../../platform/failure.ts';
import { lockMembership } from '../apiKeys/queries.ts';
import { readEntitlements } from '../settings/settings.ts';
import type { MemoryOwner, MemoryRow } from './queries.ts';
import * as queries from './queries.ts';
import { factHashOf, searchKeysOf, searchTermsOf } from './searchTerms.ts';

export type Fact = { content: string; source: 'user' | 'agent'; threadId: string | null };

const columnsOf = ({ content, source, threadId }: Fact) => ({
  content,
  source,
  threadId,
  searchKeys: searchKeysOf(content),
  factHash: factHashOf(content),
});

/** Serializes the writes of a user, so that they cannot exceed the limit together or write a fact twice. Throws 404 if the user has left. */
async function lockMemories(tx: Transaction, owner: MemoryOwner) {
  if (!(await tx.row(lockMembership, owner))) throw notFound();
}

/** Writes a fact. A fact that is already kept gets the new text. `limit`: maximum memories. Throws 409 `memory_limit`. */
export async function writeMemory(
  tx: Transaction,
  owner: MemoryOwner,
  fact: Fact,
  limit: number,
): Promise<{ row: MemoryRow; isNew: boolean }> {
  await lockMemories(tx, owner);
  const { is_new: isNew, ...row } = (await tx.row(queries.upsertMemory, { ...owner, id: newId(), ...columnsOf(fact) }))!;
  const { count } = isNew ? (await tx.row(queries.countMemories, owner))! : { count: 0 };
  if (count > limit)
    throw failWith('conflict', 'memory_limit', `At most ${limit} memories can be kept. Delete some that are no longer needed.`, {
      key: 'limit.memories_per_user',
      limit,
      required: count,
    });
  return { row, isNew };
}

/** Replaces the text of a memory, and deletes another one that is the same fact. Throws 404. */
export async function replaceMemory(tx: Transaction, owner: MemoryOwner, id: string, fact: Fact): Promise<MemoryRow> {
  await lockMemories(tx, owner);
  const columns = columnsOf(fact);
  await tx.run(queries.deleteSameFact, { ...owner, id, factHash: columns.factHash });
  const row = await tx.row(queries.updateMemory, { ...owner, id, ...columns });
  if (!row) throw notFound();
  return row;
}

export const removeMemory = (db: Queryable, owner: MemoryOwner, id: string): Promise<{ content: string } | undefined> =>
  db.row(queries.deleteMemory, { ...owner, id });

/** The memories of a user, those that match the words of `text` first. */
export const rankMemories = (db: Queryable, owner: MemoryOwner, text: string, limit: number): Promise<queries.RankedMemory[]> =>
  db.rows(queries.rankMemories, { ...owner, ...searchTermsOf(text, { characters: true }), limit });

const ownerOf = ({ accountId, actor }: Scope): MemoryOwner => ({ accountId, userId: actor.userId });

/** Throws 404 for a memory of another user, whatever the role of the caller. */
export async function findMemory(scope: Scope, id: string): Promise<MemoryRow> {
  const row = await scope.db.row(queries.selectMemory, { ...ownerOf(scope), id });
  if (!row) throw notFound();
  return row;
}

/** The audit entry does not contain the fact. */
export async function createMemory(scope: Scope, { content }: NewMemory): Promise<{ row: MemoryRow; isNew: boolean }> {
  const { app, tx, accountId } = scope;
  const { 'limit.memories_per_user': limit } = await readEntitlements(app.database, accountId, tx);
  const written = await writeMemory(tx, ownerOf(scope), { content, source: 'user', threadId: null }, limit);
  scope.audit({ targetId: written.row.id, ...(!written.isNew && { action: 'memory.update' }) });
  return written;
}

export async function listMemories(
  scope: Scope,
  { q, ...page }: PageQuery & { q?: string | undefined },
): Promise<{ rows: MemoryRow[]; next: string | undefined }> {
  const { app, db } = scope;
  const owner = ownerOf(scope);
  const terms = q === undefined ? undefined : searchTermsOf(q);
  return app.cursors.fetchPage(
    page,
    ['memories', owner.accountId, owner.userId, q],
    (key) =>
      terms ? db.rows(queries.searchMemories, { ...owner, ...terms, ...key }) : db.rows(queries.selectMemories, { ...owner, ...key }),
    (row) => [row.updated_at, row.id],
  );
}

export const updateMemory = (scope: Scope, { id, content: before }: MemoryRow, { content = before }: MemoryChanges): Promise<MemoryRow> =>
  replaceMemory(scope.tx, ownerOf(scope), id, { content, source: 'user', threadId: null });

export async function deleteMemory(scope: Scope, { id }: MemoryRow): Promise<void> {
  if (!(await removeMemory(scope.tx, ownerOf(scope), id))) throw notFound();
}

export async function deleteMemories(scope: Scope): Promise<void> {
  const owner = ownerOf(scope);
  await lockMemories(scope.tx, owner);
  const deleted = await scope.tx.run(queries.deleteMemories, owner);
  scope.audit({ targetId: owner.userId, metadata: { deleted } });
}
