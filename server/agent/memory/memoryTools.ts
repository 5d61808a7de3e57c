import { z } from 'zod';
import { maxMemoryLength } from '../../../contract/memories.ts';
import { backgroundShare } from '../../database/connection/connectionShares.ts';
import type { Database, Queryable } from '../../database/sql.ts';
import { Failure } from '../../platform/failure.ts';
import type { RankedMemory } from '../../resources/memories/queries.ts';
import { rankMemories, removeMemory, replaceMemory, writeMemory } from '../../resources/memories/service.ts';
import type { Settings } from '../../resources/settings/settings.ts';
import { scanText } from '../injection.ts';
import { defineTool, type Tool, type ToolContext, ToolFailure } from '../tools/tool.ts';
import { memoryAccess } from './access.ts';

/** The group of the tools. A persona that may not search has no memories in its prompt either. */
export const memoryGroup = 'memory';
export const searchToolName = 'memory_search';

/** Bytes of the memories in a result: below the limit of a result, so that it stays readable. */
const maxListedBytes = 24_000;

const common = { group: memoryGroup, timeoutMs: 10_000 };

const content = z
  .string()
  .trim()
  .min(1)
  .refine((text) => text.isWellFormed() && !text.includes('\0'), 'must be text')
  .refine((text) => [...text].length <= maxMemoryLength, `must have at most ${maxMemoryLength} characters`);
// Not `z.guid()`: its pattern takes more tokens in every prompt than the rest of a tool.
const id = z.string().refine((text) => z.guid().safeParse(text).success, 'must be the id of a memory');
/** Memories in a result. */
const [maxListed, maxFound] = [50, 10];

type Deps = { database: Database };

export const createMemoryTools = ({ database }: Deps): { tools(run: ToolContext['run'], sql?: Queryable): Promise<Tool[]> } => {
  const tools = [writeTool(database), listTool(database), searchTool(database), forgetTool(database)];
  return { tools: async (run, sql) => ((await memoryAccess(database, run, sql)) ? tools : []) };
};

const writeTool = (database: Database) =>
  defineTool({
    ...common,
    name: 'memory_write',
    description:
      'Keep a lasting fact about the user for later conversations, in one sentence. Nothing that matters only now, no secrets. `replaces`: id of the fact that it corrects.',
    input: z.strictObject({ content, replaces: id.optional() }),
    parallel: false,
    run: async ({ content: text, replaces }, { run }) => {
      const { owner, threadId, settings } = await requireAccess(database, run);
      if (isSuspicious(text, settings)) throw failed('This was not kept: it reads like instructions to a model, not like a fact.');
      const fact = { content: text, source: 'agent', threadId } as const;
      const written = await database
        .of(backgroundShare(run.account_id))
        .transaction(async (tx) =>
          replaces
            ? { row: await replaceMemory(tx, owner, replaces, fact), isNew: false }
            : writeMemory(tx, owner, fact, settings['limit.memories_per_user']),
        )
        .catch(forModel);
      return { result: { id: written.row.id, content: written.row.content, status: statusOf(written.isNew, replaces) } };
    },
  });

const statusOf = (isNew: boolean, replaces: string | undefined) => (isNew ? 'created' : replaces ? 'replaced' : 'already_known');

const listTool = (database: Database) =>
  defineTool({
    ...common,
    name: 'memory_list',
    description: 'List the facts kept about the user, newest first.',
    input: z.strictObject({}),
    parallel: true,
    run: async (_, { run }) => {
      const { owner, settings } = await requireAccess(database, run);
      return { result: listed(await rankMemories(database, owner, '', maxListed), settings) };
    },
  });

const searchTool = (database: Database) =>
  defineTool({
    ...common,
    name: searchToolName,
    description: 'Search the facts kept about the user by words, best match first.',
    input: z.strictObject({ query: z.string() }),
    parallel: true,
    run: async ({ query }, { run }) => {
      const { owner, settings } = await requireAccess(database, run);
      const rows = await rankMemories(database, owner, query, maxFound);
      return {
        result: listed(
          rows.filter(({ score }) => score > 0),
          settings,
          rows[0]?.total ?? 0,
        ),
      };
    },
  });

const forgetTool = (database: Database) =>
  defineTool({
    ...common,
    name: 'memory_forget',
    description: 'Delete a fact kept about the user, by its id.',
    input: z.strictObject({ id }),
    parallel: false,
    run: async ({ id: memoryId }, { run }) => {
      const { owner } = await requireAccess(database, run);
      // Not a failure if it is gone: a call is repeated if its worker is killed.
      return { result: { id: memoryId, deleted: (await removeMemory(database, owner, memoryId)) !== undefined } };
    },
  });

/** Checked in each call: the thread may have moved to a shared project since the run began. */
async function requireAccess(database: Database, run: ToolContext['run']) {
  const access = await memoryAccess(database, run);
  if (!access) throw new ToolFailure('tool.not_available', 'There are no memories in this thread.');
  return access;
}

const failed = (message: string, details?: Record<string, unknown>) => new ToolFailure('tool.execution_failed', message, details);

function forModel(error: unknown): never {
  if (!(error instanceof Failure)) throw error;
  throw error.status === 404 ? failed('No memory of the user has this id.') : failed(error.message, error.details);
}

export const isSuspicious = (text: string, settings: Settings): boolean =>
  settings['security.injection_scan.tool_output_scan_enabled'] && scanText(text).count > 0;

/** A fact with instructions is withheld alone: the guard of tool results would withhold all, and it could not be deleted. */
function listed(rows: readonly RankedMemory[], settings: Settings, total = rows[0]?.total ?? 0) {
  const memories: Record<string, unknown>[] = [];
  let bytes = 0;
  for (const { id, content: text, updated_at } of rows) {
    const memory = isSuspicious(text, settings) ? { id, withheld: true, updated_at } : { id, content: text, updated_at };
    bytes += Buffer.byteLength(JSON.stringify(memory));
    if (bytes > maxListedBytes) break;
    memories.push(memory);
  }
  return { memories, total };
}
