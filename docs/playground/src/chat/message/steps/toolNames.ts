import type { ToolCallPart, ToolProgress } from '../../../../../../client/react/index.ts';
import type { IconName } from '../../../ui/icons.tsx';

type ToolText = { icon: IconName; doing: string; done: string; brief?: (args: Readonly<Record<string, unknown>>) => unknown };

/** The tools of the server in words. Other tools are named after their identifier. */
const texts: Record<string, ToolText> = {
  web_search: {
    icon: 'search',
    doing: 'Searching the web',
    done: 'Searched the web',
    brief: ({ query, queries }) => query ?? (Array.isArray(queries) ? queries.join(', ') : undefined),
  },
  web_fetch: { icon: 'globe', doing: 'Reading a page', done: 'Read a page', brief: ({ url }) => hostAndPath(url) },
  workspace_list: { icon: 'folder', doing: 'Listing files', done: 'Listed files', brief: ({ path }) => path },
  workspace_read: { icon: 'file', doing: 'Reading a file', done: 'Read a file', brief: ({ path }) => path },
  workspace_write: { icon: 'edit', doing: 'Writing a file', done: 'Wrote a file', brief: ({ path }) => path },
  memory_write: { icon: 'book', doing: 'Remembering a fact', done: 'Remembered a fact', brief: ({ content }) => content },
  memory_list: { icon: 'book', doing: 'Reading the memory', done: 'Read the memory', brief: () => undefined },
  memory_search: { icon: 'book', doing: 'Searching the memory', done: 'Searched the memory', brief: ({ query }) => query },
  memory_forget: { icon: 'book', doing: 'Forgetting a fact', done: 'Forgot a fact', brief: () => undefined },
  todo_write: { icon: 'list', doing: 'Updating the to-do list', done: 'Updated the to-do list', brief: () => undefined },
  timeline_title: { icon: 'timeline', doing: 'Planning', done: 'Next step', brief: ({ label }) => label },
  summarize_thread: { icon: 'edit', doing: 'Naming the chat', done: 'Named the chat', brief: ({ title }) => title },
  spawn_agent: { icon: 'users', doing: 'Starting a sub-agent', done: 'Started a sub-agent', brief: ({ input }) => input },
  wait_agent: { icon: 'users', doing: 'Waiting for sub-agents', done: 'Waited for sub-agents', brief: () => undefined },
  send_input: { icon: 'users', doing: 'Writing to a sub-agent', done: 'Wrote to a sub-agent', brief: ({ input }) => input },
  resume_agent: { icon: 'users', doing: 'Giving a sub-agent a task', done: 'Gave a sub-agent a task', brief: ({ input }) => input },
  interrupt_agent: { icon: 'users', doing: 'Stopping a sub-agent', done: 'Stopped a sub-agent', brief: () => undefined },
  close_agent: { icon: 'users', doing: 'Ending a sub-agent', done: 'Ended a sub-agent', brief: () => undefined },
  ask_user: { icon: 'question', doing: 'Asking you', done: 'Asked you', brief: ({ message }) => message },
};

export const isFinished = ({ state }: ToolCallPart) => state !== 'preparing' && state !== 'running';
export const isBad = ({ state }: ToolCallPart) => state === 'failed' || state === 'denied';

/** Icon, name and the most informative argument of a call. */
export function textOf(call: ToolCallPart): { icon: IconName; text: string; brief: string } {
  const { name = '', arguments: args = {} } = call;
  const known = Object.hasOwn(texts, name) ? texts[name] : undefined;
  const brief = isFinished(call) || !call.progress ? (known?.brief ?? firstScalar)(args) : progressOf(call.progress);
  const text = known ? (isFinished(call) ? known.done : known.doing) : identifierInWords(name);
  return { icon: known?.icon ?? 'tool', text, brief: brief === undefined || brief === null ? '' : String(brief) };
}

/** Such as “40 %, Downloading”. */
function progressOf({ progress, total, message }: ToolProgress): string {
  const share = total !== undefined && total > 0 ? `${Math.round(Math.min(1, Math.max(0, progress / total)) * 100)} %` : undefined;
  return [share, message].filter(Boolean).join(', ') || String(progress);
}

const firstScalar = (args: Readonly<Record<string, unknown>>) =>
  Object.values(args).find((value) => typeof value === 'string' || typeof value === 'number');

function hostAndPath(url: unknown) {
  const address = URL.parse(String(url));
  return address ? `${address.host}${address.pathname === '/' ? '' : address.pathname}` : url;
}

/** `mcp__github__list_issues` becomes “List issues (github)”. */
function identifierInWords(name: string): string {
  const [prefix, server, ...rest] = name.split('__');
  const own = prefix === 'mcp' && server && rest.length > 0 ? rest.join('__') : undefined;
  const words = (own ?? name)
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/[_\-.]+/g, ' ')
    .trim();
  const text = words === '' ? 'A tool' : words[0]!.toUpperCase() + words.slice(1).toLowerCase();
  return own ? `${text} (${server})` : text;
}
