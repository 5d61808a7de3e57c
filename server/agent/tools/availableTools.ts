import { z } from 'zod';
import type { Persona } from '../../resources/personas/persona.ts';
import { scheduleGroup, scheduleToolNames } from './scheduleNames.ts';
import { subagentGroup, subagentTools } from './subagentTools.ts';
import { describeTool, type Tool } from './tool.ts';

/** The tools that the model is shown in a run, and may therefore call. */
export type AvailableTools = {
  /** The tools to list now. Tools loaded in a turn appear in the next one. */
  listed(): Tool[];
  find(name: string): Tool | undefined;
  /** Whether the persona allows a tool of this name, loaded or not. */
  admits(name: string): boolean;
  /** Whether a tool of this name exists, allowed or not. */
  exists(name: string): boolean;
};

type NamedTool = Pick<Tool, 'name' | 'group'>;
type Rules = Pick<Persona, 'tool_allowlist' | 'tool_denylist' | 'core_tools'>;
type Lists = Omit<Rules, 'core_tools'>;

/** Available only to a persona whose allowlist names them: test tools, and tools that execute code or start runs. */
const optionalTools: ReadonlyMap<string, NamedTool> = new Map(
  [
    { name: 'echo' },
    { name: 'noop' },
    { name: 'run_code', group: 'code' },
    ...scheduleToolNames.map((name) => ({ name, group: scheduleGroup })),
    ...subagentTools.map((name) => ({ name, group: subagentGroup })),
  ].map((tool) => [tool.name, tool]),
);

const names = (list: readonly string[], { name, group }: NamedTool) => list.includes(name) || (group !== undefined && list.includes(group));

/** Whether the lists of a persona allow a tool. */
export const isToolAllowed = (tool: NamedTool, { tool_allowlist: allowed, tool_denylist: denied }: Lists) =>
  (allowed.length > 0 ? names(allowed, tool) : !optionalTools.has(tool.name)) && !names(denied, tool);

/**
 * The denylist of a sub-agent. It also has what the persona of its parent denies, and the optional tools that this one does not allow. Otherwise the
 * model of the parent could use tools that its own persona does not have, because it chooses the persona of the sub-agent.
 */
export const deniedBelow = ({ tool_denylist: own }: Lists, parent: Lists): string[] => {
  const missing = [...optionalTools.values()].filter((tool) => !isToolAllowed(tool, parent)).map(({ name }) => name);
  return [...new Set([...own, ...parent.tool_denylist, ...missing])];
};

/** Restricts all tools to those of a persona. `loaded` names the tools that earlier turns of the run have loaded. */
export function createAvailableTools(all: readonly Tool[], rules: Rules, loaded: Iterable<string> = []): AvailableTools {
  const { tool_denylist: denied, core_tools: core } = rules;
  const admitted = all.filter((tool) => isToolAllowed(tool, rules));
  const byName = new Map(all.map((tool) => [tool.name, tool]));
  const extra = new Set(loaded);
  const loader = loadTools(async ({ queries }) => ({
    result: { loaded: load(queries).map(({ name, description }) => ({ name, description: description.slice(0, 200).toWellFormed() })) },
  }));
  const current = () =>
    core.length === 0
      ? admitted
      : [
          ...admitted.filter((tool) => tool.alwaysListed || names(core, tool) || extra.has(tool.name)),
          ...(denied.includes(loader.name) ? [] : [loader]),
        ];
  let shown = current();

  function load(queries: readonly string[]): Tool[] {
    const found = admitted.filter((tool) => !names(core, tool) && queries.some((query) => matches(tool, query))).slice(0, maxLoadedTools);
    for (const { name } of found) extra.add(name);
    return found;
  }
  return {
    listed() {
      shown = current();
      return shown;
    },
    find: (name) => shown.find((tool) => tool.name === name),
    admits: (name) => admitted.some((tool) => tool.name === name),
    exists: (name) => byName.has(name) || name === loader.name,
  };
}

/** Tools that one `load_tools` call loads, at most. Their names must fit into a result. */
const maxLoadedTools = 20;

function matches({ name, group, description }: Tool, query: string): boolean {
  const text = `${name} ${group ?? ''} ${description}`.toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

export const loadToolsName = 'load_tools';

const loadTools = describeTool({
  name: loadToolsName,
  description:
    'Find further tools. Each query is a tool name or words of its description; what matches can be called from the next turn on.',
  input: z.strictObject({ queries: z.array(z.string().trim().min(1)).min(1).max(10) }),
  parallel: true,
});

const LoadResult = z.object({ loaded: z.array(z.object({ name: z.string() })) });

/** The tools that a `load_tools` result names, so that a resumed run has them again. */
export const loadedToolNames = (result: unknown): string[] => LoadResult.safeParse(result).data?.loaded.map(({ name }) => name) ?? [];
