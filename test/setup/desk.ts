import { type ToolContext, ToolFailure } from '../../server/agent/tools/tool.ts';
import { createWorkspaceTools } from '../../server/agent/tools/workspace.ts';
import type { Storage } from '../../server/kernel/storage.ts';
import { somebodyWithFiles, storageOf } from './files.ts';
import type { World } from './world.ts';

type Outcome = Record<string, any>;

/** Desks in a world: somebody with files, and the tools of a run in a thread of his; each process has tools of its own. */
export function desks(world: World) {
  const { database, call } = world;
  return async (thread: object = {}, store: Storage | undefined = storageOf(world)) => {
    const files = await somebodyWithFiles(world);
    const { me } = files;
    const { body } = await call('POST', '/v1/threads', { token: me.token, body: thread });
    const run: ToolContext['run'] = {
      id: body.id,
      account_id: me.accountId,
      thread_id: body.id,
      created_by_user_id: me.id,
      trace_id: '0'.repeat(32),
    };
    const process = () => {
      const supply = createWorkspaceTools({ database, storage: store });
      return async (name: string, args: object, signal = AbortSignal.timeout(30_000), as: Partial<typeof run> = {}): Promise<Outcome> => {
        const own = { ...run, ...as };
        const tool = (await supply.tools(own)).find((each) => each.name === `workspace_${name}`)!;
        const output = await tool
          .run(args as Record<string, unknown>, { run: own, callId: 'call', signal, memory: new Map() })
          .catch((error) => {
            if (error instanceof ToolFailure) return { result: { failed: error.errorClass } };
            throw error;
          });
        return output.result;
      };
    };
    return { ...files, run, process, use: process() };
  };
}
