import { maxImageChars, maxPayloadBytes } from '../../../contract/attachments.ts';
import type { RunEventInput } from '../../../contract/events.ts';
import type { Size } from '../../models/estimate.ts';
import { type Model, ModelError, type ModelMessage, type ModelTool } from '../../models/model.ts';
import { RunFailure } from '../../models/runFailure.ts';
import { createUsageSum } from '../../models/usage.ts';
import type { Settings } from '../../resources/settings/settings.ts';
import { chooseUnits, type ChosenUnits, fits } from './chooseUnits.ts';
import { createCompactionState, type RenderedPrompt } from './compactionState.ts';
import { isOverflow } from './contextWindow.ts';
import { imageChars } from './images.ts';
import type { Summary } from './summaries.ts';
import { maxSummaryTokens, summarize } from './summarize.ts';

/** Summaries made for one request, at most. */
const maxPasses = 24;
/** Share of the window that the input of one summary may take. The rest is for the instruction, the previous summary and the answer. */
const readShare = 0.7;
/** After this many consecutive failed summaries, a run continues without summarizing. */
const maxFailures = 2;
/** Maximum error factor of an estimate. A prompt estimated at more than this many windows cannot fit. */
const estimateError = 1.25;

type UsageSum = ReturnType<typeof createUsageSum>;
type Compacted = Extract<RunEventInput, { type: 'run.context_compact' }>['data'];
type Steps = AsyncGenerator<RunEventInput, ModelMessage[]>;
type Prompt = { messages: readonly ModelMessage[]; tools: readonly ModelTool[]; turn: number };

export type PromptContextInput = {
  /** The metered model of the run. It also writes the summaries. */
  model: Model;
  /** Context window in tokens: see `contextWindow`. */
  window: number;
  settings: Pick<
    Settings,
    'context.compact.enabled' | 'context.compact.persist_trigger_context_pct' | 'context.compact.target_context_pct'
  >;
  summary?: Summary | undefined;
  /** Stores a summary for later runs: see `saveSummary`. */
  save?(summary: Summary): Promise<void>;
  signal: AbortSignal;
};

/**
 * Keeps the prompt of a run within the model's window. The run keeps all its messages and passes them whole before each
 * turn. It sends what it gets back: summaries replace the oldest messages, and tool results are trimmed. Calls and
 * their results stay together.
 */
export type PromptContext = {
  /** Returns the messages to send in a turn. Throws a `RunFailure` if the newest input alone is too large. */
  prepare(messages: readonly ModelMessage[], turn: number, tools?: readonly ModelTool[]): Steps;
  /**
   * Returns shortened messages to send again after the provider rejected the prompt as too long. Works once per turn.
   * Rethrows any other `error`, and the second overflow of a turn. Throws a `RunFailure` if nothing is left to shorten.
   */
  overflow(messages: readonly ModelMessage[], error: unknown, turn: number, tools?: readonly ModelTool[]): Steps;
};

export function createPromptContext(input: PromptContextInput): PromptContext {
  const { window, settings, signal } = input;
  const state = createCompactionState(settings['context.compact.enabled'] ? input.summary : undefined);
  const percent = (share: number) => Math.floor((window * share) / 100);
  const trigger = { tokens: percent(settings['context.compact.persist_trigger_context_pct']), bytes: maxPayloadBytes };
  const target = { ...trigger, tokens: Math.min(trigger.tokens, percent(settings['context.compact.target_context_pct'])) };
  let failures = 0;
  let repeatedTurn: number | undefined;
  let saidNothingToDo = false;

  /** Summarizes the chosen units. Returns false if the model fails, and undefined if the summary is not one to store. */
  async function replace({ part, units, lines }: ChosenUnits, tokens: number, used: UsageSum): Promise<Summary | undefined | false> {
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

  /** Summarizes the oldest units, pass by pass, until the prompt fits `goal` or nothing is left to summarize. */
  async function summarizeTo(goal: Size, { messages, tools }: Prompt, used: UsageSum) {
    const done = { passes: 0, failed: false, persisted: false };
    const summaryTokens = Math.max(64, Math.min(maxSummaryTokens, Math.floor(goal.tokens / 8)));
    while (done.passes < maxPasses) {
      const { size, messages: shown } = state.render(messages, tools);
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

  async function compact(
    prompt: Prompt,
    goal: Size,
    trigger_phase: Compacted['trigger_phase'],
  ): Promise<Outcome & { phase: Compacted['phase'] }> {
    const show = () => state.render(prompt.messages, prompt.tools);
    const before = show();
    // Images are the largest part by bytes, and dropping them costs no model call.
    if (before.size.bytes > goal.bytes) {
      state.dropOldImages();
      state.fitImages(Math.min(maxImageChars, goal.bytes));
    }
    const used = createUsageSum();
    const { passes, failed, persisted } = await summarizeTo(goal, prompt, used);
    state.dropOldImages();
    // Summaries may not free enough bytes. Drop images for the rest.
    const { messages: left, size } = show();
    if (size.bytes > goal.bytes) state.fitImages(Math.max(0, imageChars(left) - (size.bytes - goal.bytes)));
    const after = show();
    const changed = passes > 0 || after.dropped > before.dropped;
    const phase = phaseOf(after, { changed, failed, refused: trigger_phase === 'provider' });
    const steps: RunEventInput[] = [];
    if (phase !== 'no_rewrite' || !saidNothingToDo || used.total().usage)
      steps.push({
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
      });
    saidNothingToDo ||= phase === 'no_rewrite';
    return { phase, steps, messages: after.messages };
  }

  function phaseOf({ size }: RenderedPrompt, { changed, failed, refused }: { changed: boolean; failed: boolean; refused: boolean }) {
    if (failed) return changed && fits(size, trigger) ? 'completed' : 'llm_failed';
    if (size.bytes > maxPayloadBytes || size.tokens > window * estimateError || (refused && !changed)) return 'current_input_too_large';
    if (!changed) return 'no_rewrite';
    return fits(size, trigger) || refused ? 'completed' : 'still_oversize';
  }

  async function prepare(prompt: Prompt): Promise<Outcome> {
    const { messages: shown, size } = state.render(prompt.messages, prompt.tools);
    const within = fits(size, trigger);
    const gaveUp = size.bytes <= maxPayloadBytes && failures >= maxFailures;
    if (within || gaveUp || !settings['context.compact.enabled']) return { steps: [], messages: shown };
    const { phase, ...outcome } = await compact(prompt, target, size.bytes > maxPayloadBytes ? 'preflight' : 'threshold');
    return phase === 'current_input_too_large' ? { ...outcome, failure: tooLarge() } : outcome;
  }

  async function overflow(prompt: Prompt, error: unknown): Promise<Outcome> {
    if (!isOverflow(error) || repeatedTurn === prompt.turn || !settings['context.compact.enabled']) throw error;
    repeatedTurn = prompt.turn;
    const { size } = state.render(prompt.messages, prompt.tools);
    const tooManyBytes = error.details.status_code === 413;
    // The provider's error overrides the estimate: halve what was sent.
    const goal = {
      tokens: Math.min(target.tokens, tooManyBytes ? target.tokens : Math.floor(size.tokens / 2)),
      bytes: tooManyBytes ? Math.floor(size.bytes / 2) : maxPayloadBytes,
    };
    const { phase, ...outcome } = await compact(prompt, goal, 'provider');
    if (phase === 'current_input_too_large') return { ...outcome, failure: tooLarge(error.details) };
    return phase === 'llm_failed' ? { ...outcome, failure: error } : outcome;
  }

  return {
    prepare: (messages, turn, tools = []) => stepsOf(prepare({ messages, turn, tools })),
    overflow: (messages, error, turn, tools = []) => stepsOf(overflow({ messages, turn, tools }, error)),
  };
}

/** What was done to a prompt, and why it cannot be sent nevertheless. */
type Outcome = { steps: RunEventInput[]; messages: ModelMessage[]; failure?: unknown };

async function* stepsOf(shortening: Promise<Outcome>): Steps {
  const { steps, messages, failure } = await shortening;
  yield* steps;
  if (failure) throw failure;
  return messages;
}

const tooLarge = (details: Record<string, unknown> = {}) =>
  new RunFailure('provider.non_retryable', 'The newest input alone is too large for the model.', {
    details: { ...details, current_input_oversize: true },
  });
