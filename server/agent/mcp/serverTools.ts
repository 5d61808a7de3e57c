import { z } from 'zod';
import { protocolError } from './failures.ts';
import { maxMessageBytes } from './transport/sizeLimits.ts';

const maxTools = 1_000;
const maxPages = 100;

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

/**
 * All pages of a server's tools, at most 1 000 tools. Skips invalid descriptions and tools that cannot be called.
 * Throws `mcp.protocol_error` if there are more than 100 pages or their total size exceeds that of a message.
 */
export async function readTools(page: (schema: typeof ToolPage, cursor: string | undefined) => Promise<ToolPage>): Promise<ServerTool[]> {
  const tools: ServerTool[] = [];
  let [cursor, bytes] = [undefined as string | undefined, 0];
  for (let pages = 0; pages < maxPages; pages++) {
    const { tools: described, nextCursor } = await page(ToolPage, cursor);
    bytes += Buffer.byteLength(JSON.stringify(described));
    if (bytes > maxMessageBytes) throw protocolError('The list of tools is too long.');
    tools.push(...described.flatMap((each) => ServerTool.safeParse(each).data ?? []).filter(isCallable));
    if (tools.length >= maxTools) return tools.slice(0, maxTools);
    if (!nextCursor) return tools;
    cursor = nextCursor;
  }
  throw protocolError('The list of tools does not end.');
}
