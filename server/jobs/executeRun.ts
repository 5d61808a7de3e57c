import type { ReasoningMode, RunStep } from '../../contract/events.ts';
import { RunFailure, runFailureOf } from '../agent/failure.ts';
import { type Answer, runLoop, type Spent } from '../agent/loop.ts';
import type { Model } from '../agent/model.ts';
import { findPersona, type Persona } from '../agent/personas.ts';
import { openModel } from '../agent/providers/open.ts';
import { type Routed, reopenRoute, resolveRoute } from '../agent/routing.ts';
import type { Bell, Queue } from '../kernel/app.ts';
import type { Config } from '../kernel/config.ts';
import type { Keys } from '../kernel/keys.ts';
import type { Log } from '../kernel/log.ts';
import type { Outbound } from '../kernel/outbound.ts';
import { type Database, statement } from '../kernel/sql.ts';
import { readSettings, type Settings } from '../resources/settings/settings.ts';
import { follow } from './follow.ts';
import { keepLease, Stopped } from './hold.ts';
import { CancelRequested, type Lease, type LeasedRun, LeaseLost, leaseRun } from './lease.ts';
import { readHistory, readLog } from './prompt.ts';
import { executeRunTask } from './queue.ts';
import { type Ending, settleRun } from './settle.ts';
import { giveTitle, wantsTitle } from './title.ts';
import { createWriter, type EventWriter } from './writer.ts';

export type ExecuteDeps = {
  config: Config;
  keys: Keys;
  database: Database;
  outbound: Outbound;
  bell: Bell;
  queue: Queue;
  log: Log;
  /** The runs this process executes, by id: what a notification about one has to reach. */
  held: Map<string, () => void>;
  /** Aborted when the process stops: the run is left for another worker. */
  stopping: AbortSignal;
};

/** A run that ends its worker each time is not begun for ever. */
const mostAttempts = 25;

const keepRoute = statement<never>('update runs set route_snapshot = $3, model = $4, persona_id = $5 where id = $1 and lease_token = $2');

/** Execute a run that was queued. Resolves when it has ended or is somebody else's; rejects when another worker should try. */
export async function executeRun(deps: ExecuteDeps, runId: string, jobId: string): Promise<void> {
  const lease = await leaseRun(deps.database, runId, deps.config.workerLeaseSeconds);
  if (!lease) return;
  const hold = keepLease(deps, lease);
  const spent: Spent = { usage: undefined, cost: '0', reported: false };
  const writer = createWriter(async (steps) => {
    await lease.append(steps);
    deps.bell.ring(runId);
  }, lease.nextSeq);
  try {
    const ending = await attempt(deps, lease, writer, spent, hold.signal, jobId).then(completed, (error) => endingOf(error, hold.signal));
    // What is learnt of the lease from here on is for the database to say: the end may already be written.
    hold.stop();
    const rest = await writer.drain().catch(() => []);
    await settleRun(deps.database, lease, rest, ending, spent);
    deps.bell.ring(runId);
  } catch (error) {
    if (error instanceof LeaseLost) return;
    if (error instanceof Stopped && deps.stopping.aborted) return await handBack(deps, lease);
    throw error;
  } finally {
    hold.stop();
  }
}

/** Give a run to whoever takes jobs next: a job that merely failed would wait for its turn. */
async function handBack({ database, queue }: ExecuteDeps, { run, release }: Lease) {
  await release();
  await queue.executeRun(database, run.id, run.account_id, run.trace_id);
}

const completed = (answer: Answer): Ending => ({ type: 'completed', answer });

function endingOf(error: unknown, signal: AbortSignal): Ending {
  const cause: unknown = signal.aborted ? signal.reason : error;
  if (cause instanceof LeaseLost || cause instanceof Stopped) throw cause;
  if (cause instanceof CancelRequested) return { type: 'cancelled' };
  // The database is away: another attempt finds the log as it is.
  if (isDatabaseError(cause)) throw cause;
  return { type: 'failed', failure: runFailureOf(cause) };
}

const isDatabaseError = (error: unknown) => {
  const { code, message = '' } = error as { code?: string; message?: string };
  return (
    (typeof code === 'string' && /^(08|53|57|40001|40P01|55P03|ECONN|EPIPE)/.test(code)) ||
    /^Connection terminated|timeout exceeded when trying to connect/.test(message)
  );
};

/** The pipeline before the loop, then the loop; what fails on the way ends the run. */
async function attempt(
  deps: ExecuteDeps,
  lease: Lease,
  writer: EventWriter,
  spent: Spent,
  signal: AbortSignal,
  jobId: string,
): Promise<Answer> {
  const { run } = lease;
  if (run.status === 'cancelling') {
    // The turns that an earlier attempt finished are charged all the same.
    if (run.attempt > 1) Object.assign(spent, (await readLog(deps.database, run.id)).spent);
    throw new CancelRequested(run.id);
  }
  const settings = await readSettings(deps.database);
  const deadline = deadlineOf(run.age_ms, settings);
  try {
    const working = AbortSignal.any([signal, deadline.signal]);
    await writer.write({
      type: 'worker.job.received',
      data: { job_id: jobId, job_type: executeRunTask, account_id: run.account_id, attempt: run.attempt },
    });
    const earlier = await recover(deps, lease, writer);
    Object.assign(spent, earlier.spent);
    if (run.attempt > mostAttempts) throw new RunFailure('worker.timeout', 'The run was begun too often.');
    if (earlier.answer) return earlier.answer;
    const history = await readHistory(deps.database, run);
    const persona = findPersona(run.requested_persona_id);
    const routed = await route(deps, lease, writer, settings, persona, history.lastUserMessage);
    const model = openModel(routed.route, { outbound: deps.outbound, maxErrorBytes: settings['llm.max_response_bytes'] });
    const title = titleOf(deps, lease, settings, routed, model, history.firstUserMessage, AbortSignal.any([working, deps.stopping]));
    const steps = runLoop({
      model,
      messages: [{ role: 'system', content: persona.prompt }, ...history.messages, ...earlier.turns],
      request: { reasoning_mode: (run.reasoning_mode ?? 'auto') as ReasoningMode },
      prices: routed.prices,
      providerKind: routed.event.provider_kind,
      turn: earlier.turnCount + 1,
      maxTurns: settings['limit.agent_reasoning_iterations'],
      retry: { maxAttempts: settings['llm.retry.max_attempts'], baseDelayMs: settings['llm.retry.base_delay_ms'] },
      signal: working,
      spent,
    });
    return await follow(steps, writer, settings, title);
  } finally {
    deadline.stop();
  }
}

/** Aborts at the wall-clock limit, counted from the first start over all attempts. */
function deadlineOf(ageMs: number, settings: Settings) {
  const timeout_ms = settings['limit.run_wall_clock_timeout_ms'];
  const abort = new AbortController();
  const failure = new RunFailure('run.deadline_exceeded', 'The run took too long.', { details: { timeout_ms } });
  const timer = setTimeout(() => abort.abort(failure), Math.max(0, timeout_ms - ageMs));
  return { signal: abort.signal, stop: () => clearTimeout(timer) };
}

/** What an earlier attempt finished is used again; what it left half done is declared void. */
async function recover({ database, log }: ExecuteDeps, { run }: Lease, writer: EventWriter) {
  if (run.attempt === 1 || run.next_seq <= 2) return { turns: [], turnCount: 0, answer: undefined, spent: {} };
  const earlier = await readLog(database, run.id).catch((error) => {
    log.error({ err: error, run_id: run.id }, 'the log of a run cannot be read');
    throw new RunFailure('worker.recovery_unavailable', 'The earlier part of the run cannot be read.');
  });
  for (const step of earlier.interrupted) await writer.write(step);
  await writer.write({ type: 'run.recovered', data: { attempt: run.attempt, discard_from_seq: earlier.resumeSeq } });
  return earlier;
}

/** The decision of the first attempt stays for the whole run. */
async function route(
  deps: ExecuteDeps,
  { run, token }: Lease,
  writer: EventWriter,
  settings: Settings,
  persona: Persona,
  lastUserMessage: string,
): Promise<Routed> {
  const { database, keys, config } = deps;
  if (run.route_snapshot) return reopenRoute({ keys }, run.route_snapshot);
  const routed = await resolveRoute(
    database,
    { keys, config, settings },
    { ...askedOf(run), persona_id: persona.key, persona_model: persona.model, last_user_message: lastUserMessage },
  );
  await database.run(keepRoute, [run.id, token, JSON.stringify(routed.snapshot), routed.event.model, persona.key]);
  await writer.write({ type: 'run.route.selected', data: routed.event });
  return routed;
}

/** The automatic title is asked of the model that the platform names for it, or else of the run's own. */
async function titleOf(
  deps: ExecuteDeps,
  { run }: Lease,
  settings: Settings,
  routed: Routed,
  model: Model,
  text: string,
  signal: AbortSignal,
): Promise<RunStep | undefined> {
  const { database, bell } = deps;
  if (!(await wantsTitle(database, run))) return undefined;
  const named = settings['title_summarizer.model'];
  const chosen = named === null ? undefined : await modelNamed(deps, run, settings, named).catch(() => undefined);
  const own = routed.event.provider_kind === 'stub' ? undefined : model;
  const step = await giveTitle(database, run, text, chosen ?? own, signal);
  if (step) bell.ring(run.id);
  return step;
}

async function modelNamed(
  { database, keys, config, outbound }: ExecuteDeps,
  run: LeasedRun,
  settings: Settings,
  selector: string,
): Promise<Model> {
  const asked = { ...askedOf(run), model: selector, route_id: null, persona_id: null, last_user_message: '' };
  const { route } = await resolveRoute(database, { keys, config, settings }, asked);
  return openModel(route, { outbound });
}

const askedOf = ({ account_id, thread_id, route_id, requested_model: model, reasoning_mode }: LeasedRun) => ({
  account_id,
  thread_id,
  route_id,
  model,
  reasoning_mode,
});
