import type { NewReport } from '../../../contract/reports.ts';
import type { PageQuery } from '../../../contract/shared/pages.ts';
import { notFound } from '../../kernel/failure.ts';
import { newId } from '../../kernel/ids.ts';
import type { Scope } from '../../kernel/scope.ts';
import type { ThreadRow } from '../threads/queries.ts';
import * as queries from './queries.ts';

/** Tell those who run the platform what is wrong with a thread. */
export async function reportThread(scope: Scope, { id }: ThreadRow, { categories, feedback }: NewReport) {
  const { tx, accountId, actor } = scope;
  const named = [...new Set(categories)];
  const text = feedback?.trim() ? feedback : null;
  const report = await tx.row(queries.insertReport, [accountId, id, newId(), actor.userId, named, text]);
  if (!report) throw notFound();
  scope.audit({ targetId: id, metadata: { report_id: report.id, categories: named } });
  return report;
}

/** The thread that a platform admin's query names. */
export async function findAnyThread({ read }: Scope, id: string): Promise<void> {
  if (!(await read.row(queries.selectAnyThread, [id]))) throw notFound();
}

type ReportsQuery = PageQuery & { category?: string | undefined; thread_id?: string | undefined };

/** The reports of all accounts, for an admin of the platform. */
export async function listReports({ app, read }: Scope, { limit, before, category = '', thread_id: threadId = '' }: ReportsQuery) {
  const list = ['reports', category, threadId];
  const [createdAt = null, id = null] = app.cursors.open(before, list) ?? [];
  const rows = await read.rows(queries.selectReports, [category || null, threadId || null, createdAt, id, limit + 1]);
  return app.cursors.page(rows, limit, list, (row) => [row.created_at, row.id]);
}
