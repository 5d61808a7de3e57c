// A stdio tool server that misbehaves on request. Run as a program: its first argument is a `Script` in JSON.
import { spawn } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** The tools and faults of the server. */
export type Script = {
  tools?: unknown[];
  /** Pages of tools, instead of `tools`. */
  pages?: unknown[][];
  /** Sent instead of the response to `initialize`. */
  begin?: 'nothing' | 'garbage' | 'old' | 'exit';
  /** Sent instead of the response to `tools/list`. */
  list?: 'nothing' | 'huge' | 'many' | 'endless' | 'garbage' | 'wrong' | 'error';
  /** Declares prompts: those of `prompts`. */
  prompts?: boolean;
  /** Declares no `tools` capability. */
  bare?: boolean;
  /** Ignores SIGTERM and the end of standard input. */
  stubborn?: boolean;
};

/** Accepts any arguments. */
export const toolNamed = (name: string, more: object = {}) => ({ name, inputSchema: { type: 'object' }, ...more });

type Message = { id?: number; method: string; params?: any };

const say = (message: object) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
const answer = (id: unknown, result: unknown) => say({ id, result });
const text = (value: unknown) => ({ content: [{ type: 'text', text: typeof value === 'string' ? value : JSON.stringify(value) }] });

const added: unknown[] = [];
let hung = 0;

const lists: Record<NonNullable<Script['list']>, (id: number | undefined) => void> = {
  nothing: () => undefined,
  huge: (id) => {
    // 50 MB in one line, written one tool at a time.
    process.stdout.write(`{"jsonrpc":"2.0","id":${id},"result":{"tools":[`);
    const tool = `${JSON.stringify({ name: 'a', description: 'x'.repeat(100_000), inputSchema: { type: 'object' } })},`;
    for (let said = 0; said < 500; said++) process.stdout.write(tool);
    process.stdout.write('0]}}\n');
  },
  many: (id) => answer(id, { tools: Array.from({ length: 10_000 }, (_, at) => ({ name: `t${at}`, inputSchema: { type: 'object' } })) }),
  endless: (id) => answer(id, { tools: [], nextCursor: 'again' }),
  garbage: () => process.stdout.write('{"jsonrpc": "2.0", "id":\n'),
  wrong: (id) => answer(id, { tools: 'none' }),
  error: (id) => say({ id, error: { code: -32603, message: 'no list today' } }),
};

const calls: Record<string, (id: number | undefined, args: any) => void> = {
  echo: (id, args) => answer(id, text(args)),
  pid: (id) => answer(id, text(process.pid)),
  env: (id) => answer(id, text(process.env)),
  where: (id) => answer(id, text(process.cwd())),
  fail: (id) => answer(id, { ...text('it did not work'), isError: true }),
  refuse: (id) => say({ id, error: { code: -32050, message: 'not now', data: { retry: 5 } } }),
  refuseWith: (id, error) => say({ id, error }),
  /** An error whose data cannot be written by `JSON.stringify`. */
  deep: (id) => {
    const data = '['.repeat(50_000) + ']'.repeat(50_000);
    process.stdout.write(`{"jsonrpc":"2.0","id":${id},"error":{"code":-1,"message":"no","data":${data}}}\n`);
  },
  unknown: (id) => say({ id, error: { code: -32602, message: 'Unknown tool: unknown' } }),
  notFound: (id) => say({ id, error: { code: -32602, message: 'Tool notFound not found' } }),
  hang: () => void hung++,
  /** Returns how many `hang` calls this process has received. */
  hung: (id) => answer(id, text(hung)),
  late: (id, args) => void setTimeout(() => answer(id, text('late')), args.ms),
  die: () => process.exit(3),
  garbage: () => process.stdout.write('this is no JSON\n'),
  noresult: (id) => say({ id }),
  noContent: (id) => answer(id, { _meta: {} }),
  /** Returns the arguments as the result. */
  reply: (id, args) => answer(id, args),
  badId: () => answer({ a: 1 }, text('whose?')),
  otherId: () => answer(987_654, text('whose?')),
  caseGame: (id) => process.stdout.write(`{"JsonRpc":"2.0","ID":${id},"Result":{"content":[]}}\n`),
  huge: (id) => answer(id, text('x'.repeat(5 * 1024 * 1024))),
  big: (id) => answer(id, text('x'.repeat(2 * 1024 * 1024))),
  whisper: (id, args) => process.stderr.write(args.line, () => answer(id, text('whispered'))),
  asks: (id) => {
    say({ id: 'from-server', method: 'sampling/createMessage', params: { messages: [], maxTokens: 1 } });
    say({ method: 'notifications/message', params: { level: 'info', data: 'hello' } });
    answer(id, text('asked'));
  },
  /** Adds a tool and sends `list_changed`. */
  grow: (id) => {
    added.push(toolNamed('grown'));
    say({ method: 'notifications/tools/list_changed' });
    answer(id, text('grown'));
  },
  child: (id) => {
    const child = spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    child.once('spawn', () => answer(id, text(child.pid)));
  },
};

type PromptCall = (id: number | undefined, args: Record<string, string>) => void;
const promptText = (id: number | undefined, value: unknown) =>
  answer(id, { messages: [{ role: 'user', content: { type: 'text', text: String(value) } }] });

const prompts: Record<string, PromptCall> = {
  echo: (id, { text = '' }) => promptText(id, text),
  pid: (id) => promptText(id, process.pid),
  hang: () => void hung++,
  hung: (id) => promptText(id, hung),
  huge: (id) => promptText(id, 'x'.repeat(5 * 1024 * 1024)),
  big: (id) => promptText(id, '\u0001"'.repeat(500_000)),
  die: () => process.exit(3),
  /** Appends the process that started this one to a file. Only the second call is answered, with the number of calls. */
  second: (id, { file = '' }) => {
    appendFileSync(file, `${process.ppid}\n`);
    const calls = readFileSync(file, 'utf8').trim().split('\n').length;
    if (calls === 2) promptText(id, calls);
  },
};
const promptList = Object.keys(prompts).map((name) => ({ name, arguments: [{ name: 'text' }, { name: 'file' }] }));

function serve({ tools = [], pages, begin, list, bare, stubborn, prompts: hasPrompts }: Script) {
  if (stubborn) process.on('SIGTERM', () => undefined).stdin.on('close', () => setInterval(() => undefined, 1_000));
  if (begin === 'exit') process.exit(1);
  const starts: Record<string, (id: number | undefined) => void> = {
    nothing: () => undefined,
    garbage: () => process.stdout.write('Listening…\n'),
    old: (id) => answer(id, { protocolVersion: '1999-01-01', capabilities: {}, serverInfo: { name: 'scripted', version: '1' } }),
  };
  const methods: Record<string, (message: Message) => void> = {
    initialize: ({ id, params }) => {
      if (begin) return starts[begin]!(id);
      const { protocolVersion } = params;
      answer(id, {
        protocolVersion,
        capabilities: { ...(!bare && { tools: {} }), ...(hasPrompts && { prompts: {} }) },
        serverInfo: { name: 'scripted', version: '1' },
      });
    },
    'tools/list': ({ id, params }) => {
      if (list) return lists[list](id);
      if (!pages) return answer(id, { tools: [...tools, ...added] });
      const at = Number(params?.cursor ?? 0);
      answer(id, { tools: pages[at], ...(at + 1 < pages.length && { nextCursor: String(at + 1) }) });
    },
    'prompts/list': ({ id }) => answer(id, { prompts: promptList }),
    'prompts/get': ({ id, params }) => prompts[params.name]!(id, params.arguments),
    'tools/call': ({ id, params }) => calls[params.name]!(id, params.arguments),
  };
  createInterface({ input: process.stdin }).on('line', (line) => {
    const message = JSON.parse(line) as Message;
    methods[message.method]?.(message);
  });
}

/** One tool for each of `calls`. */
export const allCalls = Object.keys(calls).map((name) => toolNamed(name));

if (import.meta.main) serve(JSON.parse(process.argv[2] ?? '{}'));
