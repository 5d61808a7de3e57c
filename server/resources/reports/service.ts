import type { NewReport } from '../../../contract/reports.ts';
import type { PageQuery } from '../../../contract/shared/pagination.ts';
import type { Scope } from '../../http/scope.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { notFound } from '../../platform/failure.ts';
import type { ThreadRow } from '../threads/queries.ts';
import * as queries from './queries.ts';

export async function reportThread(scope: Scope, { id }: ThreadRow, { categories, feedback }: NewReport) {
  const { tx, accountId, actor } = scope;
  const named = [...new Set(categories)];
  const text = feedback?.trim() ? feedback : null;
  const report = await tx.row(queries.insertReport, {
    accountId,
    threadId: id,
    id: newId(),
    userId: actor.userId,
    categories: named,
    feedback: text,
  });
  if (!report) throw notFound();
  scope.audit({ targetId: id, metadata: { report_id: report.id, categories: named } });
  return report;
}

export async function findAnyThread({ db }: Scope, id: string): Promise<void> {
  if (!(await db.row(queries.selectAnyThread, { id }))) throw notFound();
}

type ReportsQuery = PageQuery & { category?: string | undefined; thread_id?: string | undefined };

export async function listReports({ app, db }: Scope, { category = '', thread_id: threadId = '', ...page }: ReportsQuery) {
  return app.cursors.fetchPage(
    page,
    ['reports', category, threadId],
    (key) => db.rows(queries.selectReports, { category: category || null, threadId: threadId || null, ...key }),
    (row) => [row.created_at, row.id],
  );
}
