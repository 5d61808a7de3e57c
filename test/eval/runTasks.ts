import { randomBytes } from 'node:crypto';
import { ApiError, type Client, createClient } from '../../client/index.ts';
import type { RunEvent } from '../../contract/events.ts';
import type { TaskResult } from './report.ts';
import type { Outcome, Task } from './task.ts';

/** The model, as an account adds it. Prices are in US dollars per 1,000 tokens. */
export type EvaluatedModel = {
  provider: Omit<Parameters<Client['llmProviders']['create']>[0]['body'], 'name'>;
  model: Parameters<Client['llmModels']['create']>[0]['body'];
};

/** A server that allows registrations and runs code, and the model to evaluate. */
export type Place = { url: string; model: EvaluatedModel };

/** Everything that a persona can have. */
const tools = ['workspace', 'code', 'subagents', 'memory', 'schedules', 'ask_user', 'load_skill'];

const persona = {
  persona_key: 'evaluated',
  version: '1',
  display_name: 'Evaluated',
  prompt_md:
    'You work for a user with the tools that you have. Do what the user asks, completely, and then answer in a few words. Ask only for what you cannot find out.',
  tool_allowlist: tools,
};

/** A run that takes longer is cancelled, and its task has failed. */
const maxTaskMs = 10 * 60_000;

/** Runs the tasks, `parallel` at a time, each for a new user. `onResult` is called with each result as it arrives. */
export async function runTasks(
  place: Place,
  tasks: readonly Task[],
  { parallel, onResult }: { parallel: number; onResult?: (result: TaskResult) => void },
): Promise<TaskResult[]> {
  const results: TaskResult[] = [];
  const queue = [...tasks.entries()];
  const work = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [at, task] = next;
      results[at] = await runTask(place, task);
      onResult?.(results[at]);
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  return results;
}

async function runTask(place: Place, task: Task): Promise<TaskResult> {
  const result: TaskResult = { name: task.name, failed: [], turns: 0, input_tokens: 0, output_tokens: 0, cost_usd: 0, credits: 0, ms: 0 };
  try {
    const { client, projectId } = await prepare(place, task);
    const thread = await client.threads.create({ body: { title: task.name, project_id: projectId } });
    const params = { thread_id: thread.id };
    await client.messages.create({ params, body: { content: task.prompt } });
    const began = performance.now();
    const { run_id: runId } = await client.runs.create({ params, body: { persona_id: persona.persona_key } });
    const events = await follow(client, runId, task);
    result.ms = Math.round(performance.now() - began);
    Object.assign(result, await usageOf(client));
    result.failed = await judge(task, await outcomeOf(client, projectId, thread.id, events));
  } catch (error) {
    result.failed = [describe(error)];
  }
  return result;
}

/** An error with the fields that the server rejected, such as an unknown kind of provider. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const issues = error instanceof ApiError ? error.issues : [];
  return [error.message, ...issues.map(({ path, message }) => `${path} ${message}`)].join('; ');
}

/** A new user with the model, the persona, and what the task says that there is. */
async function prepare({ url, model }: Place, { files = {}, memories = [], skill }: Task) {
  const client = createClient({ baseUrl: url });
  const login = `eval-${randomBytes(6).toString('hex')}`;
  await client.auth.register({ body: { login, email: `${login}@example.test`, password: `Passw0rd-${randomBytes(8).toString('hex')}` } });
  const { id } = await client.llmProviders.create({ body: { name: 'evaluated', ...model.provider } });
  await client.llmModels.create({ params: { provider_id: id }, body: model.model });
  await client.personas.create({ body: persona });
  const [project] = await client.projects.list();
  const params = { project_id: project!.id };
  for (const [path, content] of Object.entries(files))
    await client.workspaces.upload({ params, query: { path }, body: { file: new File([content], path.split('/').at(-1)!) } });
  for (const content of memories) await client.memories.create({ body: { content } });
  if (skill) await client.skills.create({ body: { files: Object.entries(skill).map(([path, content]) => ({ path, content })) } });
  return { client, projectId: project!.id };
}

/** The events of the run. Answers its questions. */
async function follow(client: Client, runId: string, { reply = 'Decide yourself.' }: Task): Promise<RunEvent[]> {
  const params = { run_id: runId };
  const events: RunEvent[] = [];
  const late = setTimeout(() => void client.runs.cancel({ params }).catch(() => undefined), maxTaskMs);
  try {
    for await (const event of client.runs.stream(runId)) {
      events.push(event);
      if (event.type === 'run.waiting_for_input') await client.runs.input({ params, body: { content: reply } });
    }
  } finally {
    clearTimeout(late);
  }
  return events;
}

/** What the run and its sub-agents used together. */
async function usageOf(client: Client): Promise<Omit<TaskResult, 'name' | 'failed' | 'ms'>> {
  const usage = { turns: 0, input_tokens: 0, output_tokens: 0, cost_usd: 0, credits: 0 };
  for await (const run of client.runs.list()) {
    usage.input_tokens += run.total_input_tokens ?? 0;
    usage.output_tokens += run.total_output_tokens ?? 0;
    usage.cost_usd += run.total_cost_usd ?? 0;
    usage.credits += run.credits_used ?? 0;
    for await (const { type } of client.runs.stream(run.run_id, { follow: false })) if (type === 'llm.turn.completed') usage.turns++;
  }
  return usage;
}

async function outcomeOf(client: Client, projectId: string, threadId: string, events: readonly RunEvent[]): Promise<Outcome> {
  const messages = await client.messages.list({ params: { thread_id: threadId } });
  const params = { project_id: projectId };
  const text = (path: string) =>
    client.workspaces.file({ params, query: { path } }).then(
      (file) => file.text(),
      (error: { status?: number }) => {
        if (error.status === 404) return '';
        throw error;
      },
    );
  return {
    answer: messages.findLast(({ role }) => role === 'assistant')?.content ?? '',
    events,
    used: events.flatMap((event) => (event.type === 'tool.result' && !event.data.error ? [event.data.tool_name] : [])),
    text,
    client,
  };
}

/** What is wrong; empty if the task is done. */
async function judge(task: Task, outcome: Outcome): Promise<string[]> {
  const end = outcome.events.at(-1);
  const how = end?.type === 'run.failed' ? `${end.data.error_class}: ${end.data.message}` : (end?.type ?? 'no event');
  const verdicts = Object.entries(await task.check(outcome));
  const wrong = verdicts.flatMap(([what, holds]) => (holds ? [] : [`not the case: ${what}`]));
  return [...(end?.type === 'run.completed' ? [] : [`the run ended with ${how}`]), ...wrong];
}
