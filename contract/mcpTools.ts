import { z } from 'zod';
import { eventData } from './eventData.ts';
import { Message, messages, NewMessage } from './messages.ts';
import { SelectablePersona } from './personas.ts';
import { projects } from './projects.ts';
import { RunInput, runOptions } from './runRequests.ts';
import { CreatedRun, Run } from './runs.ts';
import { intParam, notBlankMeta, Ok } from './shared/fields.ts';
import { initContract, type Resource, type Route } from './shared/route.ts';
import { Thread, threads } from './threads.ts';
import { workspaceTools } from './workspaceTools.ts';

/** Clients of MCP give up after 60 s by default, unless they count progress. */
const [defaultWaitSeconds, maxWaitSeconds] = [45, 300];
/** Largest part of a file in a result. */
const maxPartBytes = 65_536;
/** The longest character of UTF-8. Smaller parts of a text could be empty. */
const minPartBytes = 4;

const waitText = `Seconds to wait for the answer, up to ${maxWaitSeconds}. 0 does not wait.`;
const waitSeconds = z.int().min(0).max(maxWaitSeconds).default(defaultWaitSeconds).meta({ description: waitText });

const { request_id, message, requestedSchema, mcp_server, expires_at } = eventData['run.waiting_for_input'].shape;

/** The state of a run, for an agent that has asked something. */
export const RunOutcome = z.object({
  ...Run.pick({
    run_id: true,
    thread_id: true,
    status: true,
    model: true,
    error: true,
    total_input_tokens: true,
    total_output_tokens: true,
  }).shape,
  total_cost_usd: Run.shape.total_cost_usd,
  answer: z
    .string()
    .nullable()
    .meta({ description: 'The answer; null before the run has one. Partial if the run failed or was canceled.' }),
  question: z
    .object({ request_id, message, requested_schema: requestedSchema, mcp_server, expires_at })
    .nullable()
    .meta({ description: 'What the run asks while it waits for input: reply with answer_question and its request_id.' }),
  note: z.string().optional().meta({ description: 'What to do next.' }),
});
export type RunOutcome = z.infer<typeof RunOutcome>;

const ThreadMessages = z.object({
  thread: Thread,
  messages: z.array(Message.omit({ account_id: true, thread_id: true, content_json: true })),
});

const sha256 = z.string().meta({ description: 'SHA-256 of the content.' });
const WrittenFile = z.object({ path: z.string(), size: z.int(), sha256 });
const FilePart = z.object({
  content: z.string().optional().meta({ description: 'Text, if the part is UTF-8.' }),
  base64: z.string().optional().meta({ description: 'Other bytes.' }),
  truncated: z.boolean(),
  next_offset: z.int().optional().meta({ description: 'Read on with this offset; absent at the end.' }),
  size: z.int().meta({ description: 'Bytes of the whole file.' }),
  sha256,
});
const ListedItems = z.object({
  path: z.string(),
  items: z
    .array(
      z.object({
        path: z.string(),
        type: z.enum(['dir', 'file', 'symlink']),
        size: z.int().optional().meta({ description: 'In bytes; absent for a folder.' }),
        mtime_unix_ms: z.int().optional(),
      }),
    )
    .meta({ description: 'Folders first, each kind by name.' }),
  total: z.int().meta({ description: 'Number of items in the folder.' }),
  next_offset: z.int().optional().meta({ description: 'Read on with this offset; absent at the end.' }),
});
const FoundFiles = z.object({ files: z.array(z.object({ path: z.string(), size: z.int() })), total: z.int(), truncated: z.boolean() });
const FoundLines = z.object({
  matches: z.array(z.object({ path: z.string(), line: z.int(), text: z.string() })),
  searched_files: z.int(),
  skipped_files: z.int(),
  truncated: z.boolean(),
});

const readFiles = { auth: 'user+key', read: ['data.projects.read', 'data.runs.read'], allowReaders: true, audit: 'none' } as const;
const changeFiles = { ...readFiles, permission: 'data.runs.write', quota: 'workspaces' } as const;

/**
 * Operations that exist only as tools, in the form of the contract, so that they are executed like all others. They are not served under these
 * paths.
 */
export const toolOperations = initContract().router({
  getThread: {
    method: 'GET',
    path: '/mcp/threads/{thread_id}',
    summary: 'Read a thread and its messages',
    description: 'The newest messages, oldest first. Older ones with before.',
    query: messages.list.query.omit({ order: true }),
    responses: { 200: ThreadMessages },
    metadata: { auth: 'user+key', read: 'data.threads.read', pages: 'within' },
  },
  sendMessage: {
    method: 'POST',
    path: '/mcp/threads/{thread_id}/messages',
    summary: 'Send a message and wait for the answer',
    description:
      'Starts a run. If it has not ended after wait_seconds, or asks a question, the result has its run_id: continue with get_run or answer_question. Cancelling the call cancels the run.',
    body: z.strictObject({
      content: NewMessage.shape.content
        .unwrap()
        .refine((text) => text.trim() !== '', 'must not be blank')
        .meta({ description: 'Text of the message, up to 20,000 characters.', ...notBlankMeta }),
      ...z.object(runOptions).omit({ route_id: true }).shape,
      wait_seconds: waitSeconds,
    }),
    responses: { 201: CreatedRun },
    metadata: {
      auth: 'user+key',
      read: ['data.threads.read', 'data.runs.read'],
      permission: ['data.threads.write', 'data.runs.write'],
      quota: 'messages',
      audit: ['run.create', 'run'],
    },
  },
  getRun: {
    method: 'GET',
    path: '/mcp/runs/{run_id}',
    summary: 'Get the state and the answer of a run',
    description: 'Waits until the run ends or asks a question, at most wait_seconds. Cancelling the call does not cancel the run.',
    query: z.object({ wait_seconds: intParam(0, maxWaitSeconds).default(0).meta({ description: waitText }) }),
    responses: { 200: RunOutcome },
    metadata: { auth: 'user+key', read: 'data.runs.read' },
  },
  answerQuestion: {
    method: 'POST',
    path: '/mcp/runs/{run_id}/input',
    summary: 'Answer the question of a run and wait for the result',
    description: 'For a run with the status waiting_for_input. A running one gets the text with its next turn.',
    body: RunInput.safeExtend({ wait_seconds: waitSeconds }),
    responses: { 200: CreatedRun.pick({ run_id: true }) },
    metadata: { auth: 'user+key', read: 'data.runs.read', permission: 'data.runs.write', quota: 'messages', audit: ['run.input', 'run'] },
  },
  cancelRun: {
    method: 'POST',
    path: '/mcp/runs/{run_id}/cancel',
    summary: 'Cancel a run',
    description: 'Stops the run within moments. The partial answer is kept.',
    body: null,
    responses: { 200: Ok },
    metadata: { auth: 'user+key', read: 'data.runs.read', permission: 'data.runs.write', audit: ['run.cancel', 'run'] },
  },
  listPersonas: {
    method: 'GET',
    path: '/mcp/personas',
    summary: 'List the personas that can answer',
    description: 'Choose one with persona_id of send_message: its persona_key.',
    responses: {
      200: z.array(SelectablePersona.pick({ persona_key: true, display_name: true, description: true, model: true, reasoning_mode: true })),
    },
    metadata: { auth: 'user+key', read: 'data.runs.write' },
  },
  listFolder: {
    method: 'POST',
    path: '/mcp/projects/{project_id}/folder',
    summary: 'List a folder of your workspace in a project',
    description: 'The files of you and your runs. A path that is not a folder has no items.',
    body: workspaceTools.list.extend({
      limit: z.int().min(1).max(1_000).default(500),
      offset: z.int().min(0).default(0).meta({ description: 'Number of items to skip.' }),
    }),
    responses: { 200: ListedItems },
    metadata: readFiles,
  },
  readFile: {
    method: 'POST',
    path: '/mcp/projects/{project_id}/file/read',
    summary: 'Read a file of your workspace in a project',
    description: 'Text, or base64 where it is none. Long files in parts, with offset.',
    body: workspaceTools.read.extend({
      offset: z.int().min(0).default(0).meta({ description: 'First byte.' }),
      max_bytes: z.int().min(minPartBytes).max(maxPartBytes).default(maxPartBytes),
    }),
    responses: { 200: FilePart },
    metadata: readFiles,
  },
  writeFile: {
    method: 'POST',
    path: '/mcp/projects/{project_id}/file/write',
    summary: 'Write a whole file of your workspace in a project',
    description: 'Creates the file and its folders, or replaces the content.',
    body: workspaceTools.write,
    responses: { 200: WrittenFile },
    metadata: { ...changeFiles, audit: ['workspace.upload', 'project'] },
  },
  editFile: {
    method: 'POST',
    path: '/mcp/projects/{project_id}/file/edit',
    summary: 'Replace text in a file of your workspace in a project',
    description: 'old_text must match exactly, and once unless replace_all is set.',
    body: workspaceTools.edit,
    responses: { 200: WrittenFile.extend({ replaced: z.int().meta({ description: 'Number of replacements.' }) }) },
    metadata: { ...changeFiles, audit: ['workspace.upload', 'project'] },
  },
  glob: {
    method: 'POST',
    path: '/mcp/projects/{project_id}/glob',
    summary: 'Find files of your workspace in a project by a pattern of their path',
    description: 'The last changed first.',
    body: workspaceTools.glob,
    responses: { 200: FoundFiles },
    metadata: readFiles,
  },
  grep: {
    method: 'POST',
    path: '/mcp/projects/{project_id}/grep',
    summary: 'Search the text files of your workspace in a project for a regular expression',
    description: 'Line by line, in RE2 syntax.',
    body: workspaceTools.grep,
    responses: { 200: FoundLines },
    metadata: readFiles,
  },
} as const satisfies Resource);

/** A tool of the MCP server: an operation, and how its response becomes the result. */
export type McpTool = {
  route: Route;
  /** Description, unless it is that of the operation. */
  description?: string;
  /** The key of the rows of a list in the result. */
  rows?: string;
  /** The argument that makes a result smaller. */
  sizedBy?: 'limit' | 'max_bytes';
  /** Waits for the run in the response. `own`: the call has started it, so that cancelling the call cancels the run. */
  waits?: 'own' | 'other';
};

const pageText = 'Pages: pass next_cursor as before.';

/** Every tool under its name. */
export const mcpTools = {
  list_threads: {
    route: threads.list,
    description: `List your threads, most recently active first. ${pageText}`,
    rows: 'threads',
    sizedBy: 'limit',
  },
  search_threads: {
    route: threads.search,
    description: `Find threads by text in their title or messages. ${pageText}`,
    rows: 'threads',
    sizedBy: 'limit',
  },
  get_thread: { route: toolOperations.getThread, sizedBy: 'limit' },
  create_thread: { route: threads.create, description: 'Create a thread: a conversation. Next, use send_message.' },
  send_message: { route: toolOperations.sendMessage, waits: 'own' },
  get_run: { route: toolOperations.getRun, waits: 'other' },
  answer_question: { route: toolOperations.answerQuestion, waits: 'other' },
  cancel_run: { route: toolOperations.cancelRun },
  list_personas: { route: toolOperations.listPersonas, rows: 'personas' },
  list_projects: {
    route: projects.list,
    description: `List the projects that you can see. Each has a workspace of your files. ${pageText}`,
    rows: 'projects',
    sizedBy: 'limit',
  },
  workspace_list: { route: toolOperations.listFolder, sizedBy: 'limit' },
  workspace_read: { route: toolOperations.readFile, sizedBy: 'max_bytes' },
  workspace_write: { route: toolOperations.writeFile },
  workspace_edit: { route: toolOperations.editFile },
  workspace_glob: { route: toolOperations.glob },
  workspace_grep: { route: toolOperations.grep },
} as const satisfies Record<string, McpTool>;
export type McpToolName = keyof typeof mcpTools;
