import { z } from 'zod';
import { readPages } from './calls/pages.ts';

const maxTools = 1_000;

const ToolPage = z.looseObject({ tools: z.array(z.unknown()), nextCursor: z.string().nullish() });
type ToolPage = z.infer<typeof ToolPage>;

/** Other fields of a tool description are ignored. */
const ServerTool = z.object({
  name: z.string().min(1).max(256),
  title: z.string().optional().catch(undefined),
  description: z.string().optional().catch(undefined),
  inputSchema: z.looseObject({ type: z.literal('object') }),
  annotations: z.object({ readOnlyHint: z.boolean().optional(), destructiveHint: z.boolean().optional() }).optional().catch(undefined),
  execution: z.object({ taskSupport: z.string().optional() }).optional().catch(undefined),
});
/** `method`: a request that the tool stands for, instead of a tool of the server. */
export type ServerTool = z.infer<typeof ServerTool> & { method?: 'resources/list' | 'resources/read' };

/** A tool that only runs as a task cannot be called: tasks are not supported (MCP 2025-11-25, tasks). */
const isCallable = ({ execution }: ServerTool) => execution?.taskSupport !== 'required';

/** All tools of a server, at most 1 000. Skips invalid descriptions and tools that cannot be called. Throws as `readPages`. */
export const readTools = (page: (schema: typeof ToolPage, cursor: string | undefined) => Promise<ToolPage>): Promise<ServerTool[]> =>
  readPages(
    'tools',
    maxTools,
    (entry) => [ServerTool.safeParse(entry).data ?? []].flat().filter(isCallable),
    async (cursor) => {
      const result = await page(ToolPage, cursor);
      return { result, entries: result.tools, nextCursor: result.nextCursor };
    },
  );
