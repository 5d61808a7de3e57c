import { z } from 'zod';
import { garbled } from './failures.ts';
import { longestMessage } from './limits.ts';

const mostTools = 1_000;
const mostPages = 100;

const ToolPage = z.looseObject({ tools: z.array(z.unknown()), nextCursor: z.string().nullish() });
type ToolPage = z.infer<typeof ToolPage>;

/** A tool as a server describes it. What else a description says is of no use here. */
const ServerTool = z.object({
  name: z.string().min(1).max(256),
  title: z.string().optional().catch(undefined),
  description: z.string().optional().catch(undefined),
  inputSchema: z.looseObject({ type: z.literal('object') }),
  annotations: z.object({ readOnlyHint: z.boolean().optional(), destructiveHint: z.boolean().optional() }).optional().catch(undefined),
  execution: z.object({ taskSupport: z.string().optional() }).optional().catch(undefined),
});
export type ServerTool = z.infer<typeof ServerTool>;

/** A tool that runs as a task only cannot be called: tasks are not spoken here (MCP 2025-11-25, tasks). */
const isCallable = ({ execution }: ServerTool) => execution?.taskSupport !== 'required';

/**
 * All pages of a server's tools, at most 1 000 of them; descriptions that are none are skipped,
 * and tools that cannot be called.
 * Throws `mcp.protocol_error` when the pages do not end, or measure more than a message may.
 */
export async function readTools(page: (schema: typeof ToolPage, cursor: string | undefined) => Promise<ToolPage>): Promise<ServerTool[]> {
  const tools: ServerTool[] = [];
  let [cursor, bytes] = [undefined as string | undefined, 0];
  for (let pages = 0; pages < mostPages; pages++) {
    const { tools: described, nextCursor } = await page(ToolPage, cursor);
    bytes += Buffer.byteLength(JSON.stringify(described));
    if (bytes > longestMessage) throw garbled('The list of tools is too long.');
    tools.push(...described.flatMap((each) => ServerTool.safeParse(each).data ?? []).filter(isCallable));
    if (tools.length >= mostTools) return tools.slice(0, mostTools);
    if (!nextCursor) return tools;
    cursor = nextCursor;
  }
  throw garbled('The list of tools does not end.');
}
