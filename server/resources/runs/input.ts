import type { RunInput } from '../../../contract/runRequests.ts';
import { invalidField, notFound, refuse } from '../../kernel/failure.ts';
import { newId } from '../../kernel/ids.ts';
import type { Scope } from '../../kernel/scope.ts';
import { readEntitlements } from '../settings/settings.ts';
import { notYours } from './cancel.ts';
import * as queries from './queries.ts';
import type { FoundRun } from './service.ts';

/**
 * Input for a run: the answer to what it waits for, or else a message that it takes up before its next turn. A second input with the same
 * key is accepted and ignored, also when the run has ended. Throws 400 `content_too_large`, 403, 409 `run_not_active`.
 */
export async function provideInput(scope: Scope, found: FoundRun, { content, input_key: key }: RunInput): Promise<void> {
  const { app, tx, accountId } = scope;
  if (found.created_by_user_id !== scope.actor.userId && !scope.isPlatformAdmin) throw notYours();
  const most = (await readEntitlements(app.database, accountId))['limit.max_input_content_bytes'];
  if (most > 0 && Buffer.byteLength(content) > most) throw invalidField('/content', `must hold at most ${most} bytes`, 'content_too_large');
  const run = await tx.row(queries.lockRun, [accountId, found.id]);
  if (!run) throw notFound();
  if (key && (await isRepeated(scope, run.id, key))) return scope.skipAudit();
  if (run.status !== 'running' && run.status !== 'waiting_for_input')
    throw refuse('conflict', 'run_not_active', 'The run takes no input any more.');
  const asked = run.status === 'waiting_for_input' ? await tx.row(queries.selectRequest, [run.id]) : undefined;
  const request = asked && { request_id: asked.data.request_id };
  const input = { content, ...request, ...(key && { input_key: key }), trace_id: run.trace_id };
  await tx.run(queries.appendEvent, [run.id, newId(), 'run.input_provided', JSON.stringify(input), null]);
  if (!request) await tx.run(queries.countInput, [accountId, run.id]);
  else {
    const resumed = { ...request, reason: 'user_input_received', trace_id: run.trace_id };
    await tx.run(queries.appendEvent, [run.id, newId(), 'run.resumed', JSON.stringify(resumed), 'running']);
  }
  scope.afterCommit(() => app.bell.ring(run.id));
}

const isRepeated = async ({ tx }: Scope, runId: string, key: string) =>
  (await tx.rows(queries.selectInputs, [runId])).some(({ data }) => data.input_key === key);
