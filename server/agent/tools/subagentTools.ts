/**
 * The tools for sub-agents (`runs/subagents/agentTools.ts`). They are in one group, and a persona must allow them by name. All are idempotent
 * by the ID of their call, so a call that a crash cut off is executed again.
 */
export const subagentTools = ['spawn_agent', 'wait_agent', 'send_input', 'resume_agent', 'interrupt_agent', 'close_agent'] as const;

export const subagentGroup = 'subagents';

const names: ReadonlySet<string> = new Set(subagentTools);

/** Whether a call without a result is executed again when its run is recovered. */
export const isRepeatable = (toolName: string): boolean => names.has(toolName);
