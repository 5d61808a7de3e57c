import { maxImageChars, maxPayloadBytes } from '../../../contract/attachments.ts';
import type { RunStep } from '../../../contract/events.ts';
import type { Settings } from '../../resources/settings/settings.ts';
import { RunFailure } from '../failure.ts';
import { type Model, ModelError, type ModelMessage, type ModelTool } from '../model.ts';
import { createUsageSum } from '../usage.ts';
import { type Chosen, chooseUnits, fits } from './choose.ts';
import type { Size } from './estimate.ts';
import { imageChars } from './images.ts';
import { createState, type Shown } from './state.ts';
import type { Summary } from './summaries.ts';
import { maxSummaryTokens, summarize } from './summarize.ts';
import { isOverflow } from './window.ts';

/** Summaries made for one request, at most. */
const maxPasses = 24;
/** The share of the window that one summary is made of, at most; the rest is for instruction, earlier summary and answer. */
const readShare = 0.7;
/** A run whose summaries fail this often goes on without. */
const maxFailures = 2;
/** An estimate is off by this factor, at most: what is larger than so many windows cannot fit. */
const estimateError = 1.25;

type UsageSum = ReturnType<typeof createUsageSum>;
type Compacted = Extract<RunStep, { type: 'run.context_compact' }>['data'];
type Steps = AsyncGenerator<RunStep, ModelMessage[]>;
type Prompt = { messages: readonly ModelMessage[]; tools: readonly ModelTool[]; turn: number };

/** What the context of a run is made with. */
export type ContextInput = {
  /** The model of the run, metered: it writes the summaries too. */
  model: Model;
  /** Tokens of the model's window: see `contextWindow`. */
  window: number;
  settings: Pick<
    Settings,
    'context.compact.enabled' | 'context.compact.persist_trigger_context_pct' | 'context.compact.target_context_pct'
  >;
  /** The summary that `readSummary` found for the thread. */
  summary?: Summary | undefined;
  /** Keeps a summary for later runs: see `saveSummary`. */
  save?(summary: Summary): Promise<void>;
  signal: AbortSignal;
};

/**
 * The prompt of a run, kept within the window of its model (specification, runs 7). The run keeps all its messages, hands them over whole
 * before each turn, and sends what it gets back: summaries in place of the oldest, tool results trimmed. Calls and results stay together.
 */
export type Context = {
  /** The messages to send in a turn. Throws a RunFailure when the newest input alone is too large. */
  prepare(messages: readonly ModelMessage[], turn: number, tools?: readonly ModelTool[]): Steps;
  /**
   * The messages to send once more when the provider found the prompt too long, at most once in a turn: any other `error` is thrown again,
   * and so is the second one. Throws a RunFailure when there is nothing left to shorten.
   */
  overflow(messages: readonly ModelMessage[], error: unknown, turn: number, tools?: readonly ModelTool[]): Steps;
};

/** Keep the prompt of one run within `window` tokens. */
export function createContext(input: ContextInput): Context {
  const { window, settings, signal } = input;
  const state = createState(settings['context.compact.enabled'] ? input.summary : undefined);
  const percent = (share: number) => Math.floor((window * share) / 100);
  const trigger = { tokens: percent(settings['context.compact.persist_trigger_context_pct']), bytes: maxPayloadBytes };
  const target = { ...trigger, tokens: Math.min(trigger.tokens, percent(settings['context.compact.target_context_pct'])) };
  let failures = 0;
  let repeatedTurn: number | undefined;
  let saidNothingToDo = false;

  /** Make one summary of what was chosen; false when the model does not. */
  async function replace({ part, units, lines }: Chosen, tokens: number, used: UsageSum): Promise<Summary | undefined | false> {
    try {
      const summary = await summarize({ ...input, addUsage: used.add }, lines, state.summaryOf(part), tokens);
      failures = 0;
      return state.replace(part, units, summary);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ModelError)) throw error;
      failures++;
      return false;
    }
  }

  /** Summarize the oldest, pass by pass, until the prompt is within `goal` or nothing is left. */
  async function summarizeTo(goal: Size, { messages, tools }: Prompt, used: UsageSum) {
    const done = { passes: 0, failed: false, persisted: false };
    const summaryTokens = Math.max(64, Math.min(maxSummaryTokens, Math.floor(goal.tokens / 8)));
    while (done.passes < maxPasses) {
      const { size, messages: shown } = state.show(messages, tools);
      const kept = shown.filter(({ role }) => role !== 'system').length;
      const wish = { size, kept, goal, readTokens: Math.floor(Math.min(window, size.tokens) * readShare), summaryTokens };
      const chosen = state
        .candidates(messages)
        .map((candidates) => chooseUnits(candidates, wish))
        .find((choice) => choice !== undefined);
      if (!chosen) break;
      const made = await replace(chosen, summaryTokens, used);
      if (made === false) return { ...done, failed: true };
      done.passes++;
      if (!made) continue;
      await input.save?.(made);
      done.persisted = true;
    }
    return done;
  }

  async function* compact(prompt: Prompt, goal: Size, trigger_phase: Compacted['trigger_phase']): AsyncGenerator<RunStep, Outcome> {
    const show = () => state.show(prompt.messages, prompt.tools);
    const before = show();
    // Images weigh most where bytes are counted, and cost no question.
    if (before.size.bytes > goal.bytes) {
      state.dropOldImages();
      state.fitImages(Math.min(maxImageChars, goal.bytes));
    }
    const used = createUsageSum();
    const { passes, failed, persisted } = await summarizeTo(goal, prompt, used);
    state.dropOldImages();
    // What no summary made room for.
    const { messages: left, size } = show();
    if (size.bytes > goal.bytes) state.fitImages(Math.max(0, imageChars(left) - (size.bytes - goal.bytes)));
    const after = show();
    const changed = passes > 0 || after.dropped > before.dropped;
    const phase = phaseOf(after, { changed, failed, refused: trigger_phase === 'provider' });
    if (phase !== 'no_rewrite' || !saidNothingToDo || used.total().usage)
      yield {
        type: 'run.context_compact',
        data: {
          op: persisted ? 'persist' : 'rewrite',
          phase,
          turn_index: prompt.turn,
          trigger_phase,
          rewrite_applied: changed,
          tool_results_microcompacted: after.trimmed,
          images_stripped: Math.max(0, after.dropped - before.dropped),
          request_bytes_before_rewrite: before.size.bytes,
          request_bytes_after_rewrite: after.size.bytes,
          tokens_before: before.size.tokens,
          tokens_after: after.size.tokens,
          ...used.total(),
        },
      };
    saidNothingToDo ||= phase === 'no_rewrite';
    return { phase, messages: after.messages };
  }

  function phaseOf({ size }: Shown, { changed, failed, refused }: { changed: boolean; failed: boolean; refused: boolean }) {
    if (failed) return changed && fits(size, trigger) ? 'completed' : 'llm_failed';
    if (size.bytes > maxPayloadBytes || size.tokens > window * estimateError || (refused && !changed)) return 'current_input_too_large';
    if (!changed) return 'no_rewrite';
    return fits(size, trigger) || refused ? 'completed' : 'still_oversize';
  }

  return {
    async *prepare(messages, turn, tools = []) {
      const { messages: shown, size } = state.show(messages, tools);
      const within = fits(size, trigger);
      const gaveUp = size.bytes <= maxPayloadBytes && failures >= maxFailures;
      if (within || gaveUp || !settings['context.compact.enabled']) return shown;
      const outcome = yield* compact({ messages, tools, turn }, target, size.bytes > maxPayloadBytes ? 'preflight' : 'threshold');
      if (outcome.phase === 'current_input_too_large') throw tooLarge();
      return outcome.messages;
    },
    async *overflow(messages, error, turn, tools = []) {
      if (!isOverflow(error) || repeatedTurn === turn || !settings['context.compact.enabled']) throw error;
      repeatedTurn = turn;
      const { size } = state.show(messages, tools);
      const tooManyBytes = error.details.status_code === 413;
      // The provider knows better than an estimate: what was sent is halved.
      const goal = {
        tokens: Math.min(target.tokens, tooManyBytes ? target.tokens : Math.floor(size.tokens / 2)),
        bytes: tooManyBytes ? Math.floor(size.bytes / 2) : maxPayloadBytes,
      };
      const outcome = yield* compact({ messages, tools, turn }, goal, 'provider');
      if (outcome.phase === 'current_input_too_large') throw tooLarge(error.details);
      if (outcome.phase === 'llm_failed') throw error;
      return outcome.messages;
    },
  };
}

type Outcome = { phase: Compacted['phase']; messages: ModelMessage[] };

const tooLarge = (details: Record<string, unknown> = {}) =>
  new RunFailure('provider.non_retryable', 'The newest input alone is too large for the model.', {
    details: { ...details, current_input_oversize: true },
  });
