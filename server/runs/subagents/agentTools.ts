import { z } from 'zod';
import { subagentGroup } from '../../agent/tools/subagentTools.ts';
import { describeTool, type Tool, ToolFailure, type ToolOutput } from '../../agent/tools/tool.ts';
import { hashArguments } from '../../agent/tools/validateCalls.ts';
import { backgroundShare } from '../../database/connection/connectionShares.ts';
import { Failure } from '../../platform/failure.ts';
import type { RunNotifier } from '../../pubsub/runNotifier.ts';
import { announceCancelled, cancelTree } from '../../resources/runs/cancel.ts';
import { selectReports } from '../../resources/runs/eventQueries.ts';
import { appendInput } from '../../resources/runs/input.ts';
import { reportEnd } from '../../resources/runs/reportEnd.ts';
import { ended } from '../../resources/runs/statuses.ts';
import type { Metering } from '../credits/metering.ts';
import type { Heartbeat } from '../lease/heartbeat.ts';
import type { ConcurrencySlot } from '../lease/jobLimiter.ts';
import { storableText } from '../record/turnHistory.ts';
import { findAgent, readAgents } from './agents.ts';
import { type AgentRow, closeAgent } from './queries.ts';
import { type Child, type ParentDeps, startChild } from './startChild.ts';

export type AgentToolDeps = ParentDeps & { runNotifier: RunNotifier; heartbeat: Heartbeat; slot: ConcurrencySlot; metering: Metering };

/** The end of a sub-agent notifies its parent. A lost notification delays `wait_agent` by this many milliseconds. */
const pollMs = 2_000;
const defaultWaitMs = 300_000;
const maxWaitMs = 3_600_000;

const AgentId = z.guid().toLowerCase();
const Input = z.string().refine((text) => text.trim() !== '', 'must not be blank');
const agent = { agent_id: AgentId };

const facts = { group: subagentGroup, parallel: false } as const;

const spawnTool = describeTool({
  ...facts,
  name: 'spawn_agent',
  description:
    'Start a sub-agent on a task of its own. It works beside you and sees only the input that you give it. It has the persona that you name, or yours. Collect its answer with wait_agent.',
  input: z.strictObject({ input: Input, persona_id: z.string().trim().min(1).max(200).nullish() }),
});
const waitTool = describeTool({
  ...facts,
  name: 'wait_agent',
  limitsItself: true,
  description:
    'Wait until one of these sub-agents has ended or asks something, and read its answer. Without such an end in time, the result has timed_out. Answer its question with send_input.',
  input: z.strictObject({ ids: z.array(AgentId).min(1).max(50), timeout_ms: z.int().min(0).max(maxWaitMs).default(defaultWaitMs) }),
});
const sendTool = describeTool({
  ...facts,
  name: 'send_input',
  description: 'Give a running sub-agent further input, which it reads before its next step, or answer its question.',
  input: z.strictObject({ ...agent, input: Input }),
});
const resumeTool = describeTool({
  ...facts,
  name: 'resume_agent',
  description: 'Give a sub-agent that has ended another task. It remembers what it has done.',
  input: z.strictObject({ ...agent, input: Input }),
});
const interruptTool = describeTool({
  ...facts,
  name: 'interrupt_agent',
  description: 'Stop what a sub-agent is doing. It can be resumed.',
  input: z.strictObject(agent),
});
const closeTool = describeTool({
  ...facts,
  name: 'close_agent',
  description: 'Stop a sub-agent for good when you do not need it any more.',
  input: z.strictObject(agent),
});

/** Tools with which a run starts, follows and ends sub-agents: child runs in hidden threads. */
export const createAgentTools = (deps: AgentToolDeps): Tool[] => [
  spawnTool(async ({ input, persona_id }, { callId }) =>
    outputOf(deps, callId, await startChild(deps, { callId, input, personaId: persona_id })),
  ),
  waitTool(({ ids, timeout_ms }, { signal }) => waitForAgents(deps, [...new Set(ids)], timeout_ms, signal)),
  sendTool(async ({ agent_id, input }, { callId }) => {
    await sendInput(deps, await findAgent(deps.database, deps.lease.run, agent_id), callId, input);
    return { result: viewAgent(await findAgent(deps.database, deps.lease.run, agent_id)) };
  }),
  resumeTool(async ({ agent_id, input }, { callId }) =>
    outputOf(deps, callId, await startChild(deps, { callId, input, agentId: agent_id })),
  ),
  interruptTool(({ agent_id }) => stopAgent(deps, agent_id, false)),
  closeTool(({ agent_id }) => stopAgent(deps, agent_id, true)),
];

/** The result of a call that has started a child run. A repeated call reports it only if the event is missing. */
async function outputOf({ database, lease }: ParentDeps, callId: string, { isNew, ...child }: Child): Promise<ToolOutput> {
  const { agentId: agent_id, runId: run_id, depth, personaId } = child;
  const reports = isNew ? [] : await database.rows(selectReports, { runId: lease.run.id });
  const isReported = reports.some(({ type, data }) => type === 'subagent.started' && data.run_id === run_id);
  const data = { tool_call_id: callId, agent_id, run_id, ...(personaId && { persona_id: personaId }), depth };
  return { result: { agent_id, run_id, status: 'running' }, steps: isReported ? [] : [{ type: 'subagent.started', data }] };
}

function viewAgent({ agent_id, run_id, status, output, error, question }: AgentRow) {
  return {
    agent_id,
    run_id,
    status,
    ...(ended.has(status) && output !== null && { output }),
    ...(error && { error: { error_class: error.error_class, message: error.message } }),
    ...(question && { question: { message: question.message ?? '', schema: question.requestedSchema ?? {} } }),
  };
}

async function waitForAgents(deps: AgentToolDeps, ids: readonly string[], timeoutMs: number, signal: AbortSignal): Promise<ToolOutput> {
  const { heartbeat, slot, metering } = deps;
  const end = performance.now() + timeoutMs;
  try {
    for (;;) {
      // Before the read, because the end may come right after it.
      const notified = heartbeat.nextNotification(Math.min(pollMs, end - performance.now()), signal);
      notified.catch(() => {});
      const agents = await readAgents(deps.database, deps.lease.run, ids);
      const settled = agents.filter(({ status }) => status === 'waiting_for_input' || ended.has(status));
      if (settled.length > 0 || performance.now() >= end) {
        for (const { run_id, status } of settled) if (ended.has(status)) await reportEnd(deps, deps.lease.run.account_id, run_id);
        return { result: { agents: agents.map(viewAgent), timed_out: settled.length === 0 } };
      }
      // The sub-agents may need the slot, and the credits.
      slot.lend();
      await metering.releaseUnused();
      await notified;
    }
  } finally {
    slot.retake();
  }
}

async function sendInput(deps: AgentToolDeps, { run_id: id }: AgentRow, callId: string, input: string): Promise<void> {
  const { database, lease, settings, runNotifier } = deps;
  const { account_id: accountId } = lease.run;
  const content = storableText(input);
  const most = settings['limit.max_input_content_bytes'];
  if (most > 0 && Buffer.byteLength(content) > most)
    throw new ToolFailure('tool.args_invalid', `The input must hold at most ${most} bytes.`);
  const key = hashArguments({ run_id: lease.run.id, call_id: callId });
  const outcome = await database
    .of(backgroundShare(accountId))
    .transaction((tx) => appendInput(tx, { accountId, id }, { content, key }))
    .catch((error: unknown) => {
      // The answer does not match the schema of the question.
      if (error instanceof Failure) throw new ToolFailure('tool.args_invalid', error.message, error.details);
      throw error;
    });
  if (outcome === 'inactive' || outcome === 'missing')
    throw new ToolFailure('tool.not_available', 'The sub-agent is not running. Give it another task with resume_agent.');
  runNotifier.notify(id);
}

async function stopAgent(deps: AgentToolDeps, agentId: string, isFinal: boolean): Promise<ToolOutput> {
  const { database, queue, lease, runNotifier } = deps;
  const { account_id: accountId } = lease.run;
  const { run_id: id } = await findAgent(database, lease.run, agentId);
  const cancelled = await database.of(backgroundShare(accountId)).transaction(async (tx) => {
    const runs = await cancelTree(tx, queue, { accountId, id }, {});
    if (isFinal) await tx.run(closeAgent, { accountId, id: agentId });
    return runs;
  });
  announceCancelled(cancelled, runNotifier);
  if (cancelled.some((run) => run.id === id && run.isEnded)) await reportEnd(deps, accountId, id);
  return { result: viewAgent(await findAgent(database, lease.run, agentId)) };
}
