import { ToolFailure } from '../../agent/tools/tool.ts';
import type { Queryable } from '../../database/sql.ts';
import type { LeasedRun } from '../lease/lease.ts';
import { type AgentRow, selectAgents } from './queries.ts';

type Parent = Pick<LeasedRun, 'account_id' | 'thread_id'>;

/**
 * The sub-agents with these IDs, in this order: only those that runs of the same thread have started, also earlier ones. Throws
 * `tool.args_invalid` for an unknown ID.
 */
export async function readAgents(connection: Queryable, { account_id, thread_id }: Parent, ids: readonly string[]): Promise<AgentRow[]> {
  const found = await connection.rows(selectAgents, { accountId: account_id, parentThreadId: thread_id, ids });
  const byId = new Map(found.map((agent) => [agent.agent_id, agent]));
  return ids.map((id) => {
    const agent = byId.get(id);
    if (!agent) throw new ToolFailure('tool.args_invalid', `There is no sub-agent ${id}.`, { agent_id: id });
    return agent;
  });
}

export const findAgent = async (connection: Queryable, parent: Parent, id: string): Promise<AgentRow> =>
  (await readAgents(connection, parent, [id]))[0]!;
