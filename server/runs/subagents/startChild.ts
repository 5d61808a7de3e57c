import { ToolFailure } from '../../agent/tools/tool.ts';
import { backgroundShare } from '../../database/connection/connectionShares.ts';
import type { Database, Transaction } from '../../database/sql.ts';
import type { Queue } from '../../http/app.ts';
import { RunFailure } from '../../models/runFailure.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { Failure } from '../../platform/failure.ts';
import { insertMessage } from '../../resources/messages/queries.ts';
import { resolvePersona } from '../../resources/personas/resolve.ts';
import { checkEventBytes } from '../../resources/quotas/check.ts';
import { runEventValues } from '../../resources/runs/appendRunEvents.ts';
import { ended } from '../../resources/runs/statuses.ts';
import { readEntitlements, type Settings } from '../../resources/settings/settings.ts';
import { insertRun } from '../create/queries.ts';
import { optionsOfRun, type RunOptions } from '../create/startRun.ts';
import type { Lease, LeasedRun } from '../lease/lease.ts';
import { storableText } from '../record/turnHistory.ts';
import { findAgent } from './agents.ts';
import { accountLimits, checkTreeBudgets } from './budgets.ts';
import type { AgentRow } from './queries.ts';
import * as queries from './queries.ts';

export type ParentDeps = { database: Database; queue: Queue; lease: Lease; settings: Settings };

/** A new sub-agent, or with `agentId` another run of one. Without a persona, a new one has the persona, model and reasoning mode of its parent. */
export type NewChild = { callId: string; input: string; personaId?: string | null | undefined; agentId?: string };

export type Child = { agentId: string; runId: string; depth: number; personaId: string | null; isNew: boolean };

/**
 * Starts a child run in a hidden thread: thread, message, run and job commit together. The same call returns the same child. Throws
 * `tool.spawn_failed`, with the name of the limit that is reached.
 */
export async function startChild(deps: ParentDeps, child: NewChild): Promise<Child> {
  const { database, lease, settings } = deps;
  const { run, token } = lease;
  const { account_id: accountId, id: parentRunId } = run;
  const most = settings['limit.max_input_content_bytes'];
  const input = storableText(child.input);
  if (most > 0 && Buffer.byteLength(input) > most) throw new ToolFailure('tool.args_invalid', `The input must hold at most ${most} bytes.`);
  if (child.personaId) await checkPersona(database, accountId, child.personaId);
  const rootRunId = run.root_run_id ?? run.id;
  return database.of(backgroundShare(accountId)).transaction(async (tx) => {
    const { root_thread_id } = (await tx.row(queries.selectThread, { accountId, threadId: run.thread_id })) ?? {};
    const rootThreadId = root_thread_id ?? run.thread_id;
    const thread = await tx.row(queries.lockRootThread, { accountId, threadId: rootThreadId });
    await tx.row(queries.lockTree, { rootRunId });
    if (!thread || !(await tx.row(queries.lockParent, { accountId, id: parentRunId, token })))
      throw new ToolFailure('tool.spawn_failed', 'The run is ending.');
    const spawned = await tx.row(queries.selectSpawned, { accountId, parentRunId, callId: child.callId });
    if (spawned)
      return {
        agentId: spawned.thread_id,
        runId: spawned.id,
        depth: spawned.depth,
        personaId: spawned.requested_persona_id,
        isNew: false,
      };
    const agent = child.agentId ? await findIdleAgent(tx, run, child.agentId) : undefined;
    await checkLimits(tx, deps, rootRunId);
    const inherited = child.personaId ? { personaId: child.personaId } : optionsOfRun(agent ?? run);
    return insertChild(tx, deps, { ...child, input }, inherited, { rootRunId, rootThreadId });
  });
}

/** The caller holds the lock of the tree, so the agent stays idle. */
async function findIdleAgent(tx: Transaction, run: LeasedRun, id: string): Promise<AgentRow> {
  const agent = await findAgent(tx, run, id);
  if (agent.closed_at !== null) throw new ToolFailure('tool.not_available', 'The sub-agent is closed.');
  if (!ended.has(agent.status)) throw new ToolFailure('tool.not_available', 'The sub-agent has not ended. Use send_input.');
  return agent;
}

/** An unknown persona would only fail the child. */
async function checkPersona(database: Database, accountId: string, personaId: string): Promise<void> {
  await resolvePersona(database, accountId, personaId).catch((error: unknown) => {
    if (!(error instanceof RunFailure)) throw error;
    throw new ToolFailure('tool.spawn_failed', error.message, { reason: error.errorClass });
  });
}

/** The limits of the plan are those of now, not those of the start of the run. */
async function checkLimits(tx: Transaction, { database, lease: { run } }: ParentDeps, rootRunId: string): Promise<void> {
  const accountId = run.account_id;
  const settings = await readEntitlements(database, accountId, tx);
  const used = (await tx.row(queries.countTree, { accountId, rootRunId, parentRunId: run.id }))!;
  const limits = [
    ['limit.subagent_max_depth', run.depth, 'levels of sub-agents'],
    ['limit.subagent_max_parallel_children', used.children, 'sub-agents of one run at a time'],
    ['limit.subagent_max_active', used.active, 'sub-agents at a time'],
    ['limit.subagent_max_descendants', used.descendants, 'child runs in all'],
  ] as const;
  for (const [limit, count, what] of limits) {
    const max = settings[limit];
    if (count >= max) throw new ToolFailure('tool.spawn_failed', `There may be at most ${max} ${what}.`, { limit, max });
  }
  const tree = await tx.rows(queries.selectTree, { accountId, rootRunId });
  try {
    checkEventBytes(used.event_bytes, settings['quota.event_bytes']);
    checkTreeBudgets(tree, run.id, accountLimits(settings));
  } catch (error) {
    if (error instanceof Failure) throw new ToolFailure('tool.spawn_failed', error.message, error.details);
    if (error instanceof RunFailure) throw new ToolFailure('tool.spawn_failed', 'The budget of the run is used up.', error.details);
    throw error;
  }
}

type Place = { rootRunId: string; rootThreadId: string };

async function insertChild(
  tx: Transaction,
  { queue, lease: { run }, settings }: ParentDeps,
  { callId, input, agentId }: NewChild,
  { routeId = null, personaId = null, model = null, reasoningMode = null }: RunOptions,
  { rootRunId, rootThreadId }: Place,
): Promise<Child> {
  const { account_id: accountId, created_by_user_id: userId, trace_id: traceId } = run;
  const threadId = agentId ?? newId();
  const id = newId();
  const depth = run.depth + 1;
  if (!userId) throw new ToolFailure('tool.spawn_failed', 'The user of the run was deleted.');
  if (!agentId) await tx.run(queries.insertHiddenThread, { accountId, id: threadId, parentThreadId: run.thread_id, rootThreadId, userId });
  const message = await tx.row(insertMessage, { accountId, threadId, id: newId(), userId, content: input, contentJson: null, title: null });
  if (!message) throw new ToolFailure('tool.spawn_failed', 'The sub-agent was deleted.');
  const started = {
    source: 'subagent',
    thread_tail_message_id: message.id,
    ...(routeId && { route_id: routeId }),
    ...(personaId && { persona_id: personaId }),
    ...(model && { model }),
    ...(reasoningMode && { reasoning_mode: reasoningMode }),
    continuation_source: 'none',
  } as const;
  const inserted = await tx.run(insertRun, {
    accountId,
    id,
    threadId,
    userId,
    apiKeyId: run.api_key_id,
    source: 'subagent',
    traceId,
    routeId,
    personaId,
    model,
    reasoningMode,
    tailMessageNumber: message.number,
    resumeFromRunId: null,
    continuesRunId: null,
    // The first model call reserves what it may cost.
    reservation: 0,
    parentRunId: run.id,
    rootRunId,
    depth,
    spawnCallId: callId,
    ...runEventValues(traceId, [{ type: 'run.started', data: started }]),
  });
  if (inserted === 0) throw new ToolFailure('tool.spawn_failed', 'The user of the run was suspended or deleted.');
  const queued = { id, account_id: accountId, trace_id: traceId, parent_run_id: run.id };
  await queue.enqueueRun(tx, queued, settings['queue.max_attempts']);
  return { agentId: threadId, runId: id, depth, personaId, isNew: true };
}
