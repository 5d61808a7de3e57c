import type { z } from 'zod';
import type { Database } from '../../../database/sql.ts';
import { Failure } from '../../../platform/failure.ts';
import type { ChangeWorkspace } from '../../../resources/workspaces/change.ts';
import { type Entries, readManifest } from '../../../resources/workspaces/manifest.ts';
import type { WorkspaceRow } from '../../../resources/workspaces/queries.ts';
import { touchWorkspace } from '../../../resources/workspaces/service.ts';
import { type Storage, StorageUnavailable } from '../../../storage/storage.ts';
import { defineTool, type Tool, type ToolContext, ToolFailure } from '../tool.ts';
import { workspaceOfRun } from './runWorkspace.ts';

/** What the tools of workspaces work with. Without a store, there is no `changeWorkspace`. */
export type Deps = { database: Database; storage: Storage | undefined; changeWorkspace: ChangeWorkspace | undefined };
export type Run = ToolContext['run'];

/** The workspace that a tool works on. `find` returns its current row. */
export type Target = { find(): Promise<WorkspaceRow>; signal: AbortSignal };

/** What a tool does with a workspace, for models in runs and for clients of the MCP server. */
export type WorkspaceAction<Input extends z.ZodType, Result extends Record<string, unknown>> = {
  name: string;
  description: string;
  input: Input;
  parallel: boolean;
  act(deps: Deps & { storage: Storage }, args: z.output<Input>, target: Target): Promise<Result>;
};

export const defineAction = <Input extends z.ZodType, Result extends Record<string, unknown>>(
  action: WorkspaceAction<Input, Result>,
): WorkspaceAction<Input, Result> => action;

/** An action as a tool of runs, on the workspace of the run. */
export const toTool = <Input extends z.ZodType, Result extends Record<string, unknown>>(
  deps: Deps,
  { act, ...action }: WorkspaceAction<Input, Result>,
): Tool =>
  defineTool({
    group: 'workspace',
    timeoutMs: 30_000,
    ...action,
    run: (args, { run, signal }) =>
      withStore(deps, async (storage) => ({
        result: await act({ ...deps, storage }, args, { find: () => workspaceOfRun(deps.database, run), signal }),
      })),
  });

/** The newest revision of a workspace. */
export async function readWorkspace(
  { database, storage }: Deps,
  { find }: Pick<Target, 'find'>,
): Promise<{ ref: string; entries: Entries }> {
  const workspace = await find();
  const { workspace_ref: ref, manifest_rev: rev } = workspace;
  await touchWorkspace(database, workspace);
  return { ref, entries: (rev !== null && (await readManifest(storage!, ref, rev))) || new Map() };
}

/** Converts errors of the workspace, such as an exceeded quota, into errors for the model. */
export async function withStore<T>({ storage }: Deps, work: (storage: Storage) => Promise<T>): Promise<T> {
  if (!storage) throw new ToolFailure('tool.not_available', 'There is no store for files here.');
  try {
    return await work(storage);
  } catch (error) {
    if (error instanceof Failure) throw new ToolFailure('tool.execution_failed', error.message, error.details);
    if (!(error instanceof StorageUnavailable)) throw error;
    throw new ToolFailure('tool.not_available', 'The store for files does not answer.');
  }
}
