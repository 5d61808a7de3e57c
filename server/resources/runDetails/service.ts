import { notFound } from '../../kernel/failure.ts';
import type { Scope } from '../../kernel/scope.ts';
import * as queries from './queries.ts';

/** A run of any account with those that it started. The account can see in its audit log who looked. */
export async function readRunDetails({ read, audit }: Scope, id: string) {
  const run = await read.row(queries.selectRun, [id]);
  if (!run) throw notFound();
  const children = await read.rows(queries.selectChildren, [run.account_id, id]);
  audit({ accountId: run.account_id });
  return { run, children };
}
