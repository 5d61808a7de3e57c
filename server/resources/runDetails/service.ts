import type { Scope } from '../../http/scope.ts';
import { notFound } from '../../platform/failure.ts';
import * as queries from './queries.ts';

/** A run of any account with its child runs. The read is recorded in the audit log of the account. */
export async function readRunDetails({ db, audit }: Scope, id: string) {
  const run = await db.row(queries.selectRun, { id });
  if (!run) throw notFound();
  const children = await db.rows(queries.selectChildren, { accountId: run.account_id, id });
  audit({ accountId: run.account_id });
  return { run, children };
}
