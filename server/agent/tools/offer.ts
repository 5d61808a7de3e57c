import { z } from 'zod';
import type { Persona } from '../personas.ts';
import { defineTool, type Tool } from './tool.ts';

/** The tools of a run: what the model is shown, and what it may therefore call. */
export type Offer = {
  /** What is listed now; loaded tools appear with the next turn. */
  listed(): Tool[];
  /** A tool that was listed in this turn. */
  find(name: string): Tool | undefined;
  /** Whether there is such a tool at all. */
  knows(name: string): boolean;
};

type Rules = Pick<Persona, 'tool_allowlist' | 'tool_denylist' | 'core_tools'>;

/** Made for tests: only a persona that names them has them. */
const onRequest = new Set(['echo', 'noop']);

const names = (list: readonly string[], { name, group }: Tool) => list.includes(name) || (group !== undefined && list.includes(group));

/** Narrow all tools to those of a persona; `loaded` are those that earlier turns of the run have loaded. */
export function createOffer(all: readonly Tool[], rules: Rules, loaded: Iterable<string> = []): Offer {
  const { tool_allowlist: allowed, tool_denylist: denied, core_tools: core } = rules;
  const isAllowed = (tool: Tool) => (allowed.length > 0 ? names(allowed, tool) : !onRequest.has(tool.name)) && !names(denied, tool);
  const admitted = all.filter(isAllowed);
  const byName = new Map(all.map((tool) => [tool.name, tool]));
  const extra = new Set(loaded);
  const loader = loadTools((queries) => load(queries));
  const current = () =>
    core.length === 0
      ? admitted
      : [...admitted.filter((tool) => names(core, tool) || extra.has(tool.name)), ...(denied.includes(loader.name) ? [] : [loader])];
  let shown = current();

  function load(queries: readonly string[]): Tool[] {
    const found = admitted.filter((tool) => !names(core, tool) && queries.some((query) => matches(tool, query))).slice(0, mostLoaded);
    for (const { name } of found) extra.add(name);
    return found;
  }
  return {
    listed() {
      shown = current();
      return shown;
    },
    find: (name) => shown.find((tool) => tool.name === name),
    knows: (name) => byName.has(name) || name === loader.name,
  };
}

/** More than that is no answer to a question, and its names have to fit into a result. */
const mostLoaded = 20;

function matches({ name, group, description }: Tool, query: string): boolean {
  const text = `${name} ${group ?? ''} ${description}`.toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

const loadTools = (load: (queries: readonly string[]) => Tool[]) =>
  defineTool({
    name: loadToolsName,
    description:
      'Find further tools. Each query is a tool name or words of its description; what matches can be called from the next turn on.',
    input: z.strictObject({ queries: z.array(z.string().trim().min(1)).min(1).max(10) }),
    parallel: true,
    run: async ({ queries }) => ({
      result: { loaded: load(queries).map(({ name, description }) => ({ name, description: description.slice(0, 200).toWellFormed() })) },
    }),
  });

export const loadToolsName = 'load_tools';

const LoadResult = z.object({ loaded: z.array(z.object({ name: z.string() })) });

/** The tools that a result of `load_tools` names: so a run that is taken up again has them. */
export const loadedBy = (result: unknown): string[] => LoadResult.safeParse(result).data?.loaded.map(({ name }) => name) ?? [];
