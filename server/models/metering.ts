import type { Cost, Usage } from '../../contract/events.ts';
import { estimateTokens, textTokens } from './estimate.ts';
import { type CallObserver, type Model, ModelError, type ModelEvent, type ModelRequest } from './model.ts';

/** Output tokens that are reserved before a call, and again whenever the answer exceeds the reservation. */
const outputStep = 1_024;
/** Characters of an answer after which its tokens are estimated again. */
const blockLength = 2_000;

/** Output tokens of an image, if the provider reports no usage. */
const imageTokens = 1_290;

/** Accounts for the model calls of a run. */
export type Meter = {
  /**
   * Called before a call and while its answer grows. `soFar`: usage of the call so far. `expected`: its maximum usage
   * until the next call of this function. `imagesUsd`: the price of the images so far. Rejects if the run must stop.
   */
  reserve(soFar: Usage, expected: Usage, imagesUsd: number): Promise<void>;
  /** Adds the usage of a call and the price of its images to the totals of the run. `costUsd` is the cost that the provider reports. */
  charge(usage: Usage, costUsd: string | undefined, imagesUsd: number): Cost;
  /** Called after a finished call was charged. */
  finishCall(): Promise<void>;
};

/**
 * Reserves every call before it is made, and charges it however it ends: finished, failed, canceled or abandoned. Usage
 * that the provider does not report is estimated from the prompt and the received text, and marked as `estimated`. The
 * `finish` event and a `ModelError` carry the charged usage and cost. A call is free if it was not sent, or failed at
 * the provider before any output.
 */
export const metered = (model: Model, meter: Meter): Model => ({
  stream: (request, signal) => streamMetered(model, meter, request, signal),
});

async function* streamMetered(model: Model, meter: Meter, request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelEvent> {
  const call = createCall(request);
  let isCharged = false;
  const charge = (isWhole: boolean, costUsd?: string) => {
    isCharged = true;
    const usage = call.usage(isWhole);
    return { usage, cost: meter.charge(usage, costUsd, call.imagesUsd()) };
  };
  await meter.reserve({}, call.expected(), 0);
  signal.throwIfAborted();
  try {
    for await (const event of model.stream(request, signal, call.observer)) {
      call.take(event);
      if (event.type === 'finish') {
        const charged = charge(true, event.cost_usd);
        await meter.finishCall();
        yield { ...event, ...charged };
      } else {
        if (call.hasOutgrown()) await meter.reserve(call.usage(false), call.expected(), call.imagesUsd());
        yield event;
      }
    }
  } catch (error) {
    if (error instanceof ModelError && !isCharged) {
      isCharged = true;
      if (call.hasAnswered()) Object.assign(error, charge(false));
    }
    throw error;
  } finally {
    if (!isCharged && call.wasSent()) charge(false);
  }
}

function createCall({ messages, tools, max_output_tokens: maxOutput = Number.POSITIVE_INFINITY }: ModelRequest) {
  const promptTokens = estimateTokens(messages, tools);
  let reported: Usage | undefined;
  let sent = false;
  let counted = 0;
  let block = '';
  let reserved = 0;
  let imagesUsd = 0;
  let reservedUsd = 0;

  const received = () => counted + textTokens(block);
  const add = (text: string) => {
    block += text;
    if (block.length < blockLength) return;
    counted = received();
    block = '';
  };
  const observer: CallObserver = {
    onSent() {
      sent = true;
    },
    onUsage(usage) {
      reported = { ...reported, ...usage };
    },
  };

  return {
    observer,
    wasSent: () => sent || received() > 0,
    hasAnswered: () => received() > 0 || imagesUsd > 0 || reported !== undefined,
    hasOutgrown: () => counted > reserved || imagesUsd > reservedUsd,
    imagesUsd: () => imagesUsd,
    expected(): Usage {
      reservedUsd = imagesUsd;
      reserved = counted + Math.min(outputStep, Math.max(0, maxOutput - counted));
      return { input_tokens: promptTokens, output_tokens: reserved };
    },
    take(event: ModelEvent) {
      if (event.type === 'text') add(event.text);
      else if (event.type === 'tool_delta') add((event.tool_name ?? '') + event.arguments_delta);
      else if (event.type === 'image') {
        if (event.usd === undefined) counted += imageTokens;
        else imagesUsd += event.usd;
      }
      // The rejected request is not charged. The fallback request is.
      else if (event.type === 'fallback') sent = false;
      else if (event.type === 'finish') {
        if (event.usage) observer.onUsage(event.usage);
        if (received() === 0) add(event.text + event.tool_calls.map((call) => call.name + call.arguments).join(''));
      }
    },
    usage: (isWhole: boolean) => completeUsage(reported, { promptTokens, outputTokens: received(), isWhole }),
  };
}

type Estimate = { promptTokens: number; outputTokens: number; isWhole: boolean };

/** Completes reported usage with estimates. Before the end of an answer, a provider has reported only part of the output. */
export function completeUsage(reported: Usage | undefined, { promptTokens, outputTokens, isWhole }: Estimate): Usage {
  const { input_tokens: input = 0, output_tokens: output = 0 } = reported ?? {};
  const cached = (reported?.cache_creation_input_tokens ?? 0) + (reported?.cache_read_input_tokens ?? 0);
  const knowsInput = input + cached > 0;
  const knowsOutput = (isWhole && output > 0) || output >= outputTokens;
  if (reported && knowsInput && knowsOutput) return reported;
  const input_tokens = knowsInput ? input : promptTokens;
  const output_tokens = knowsOutput ? output : outputTokens;
  return { ...reported, input_tokens, output_tokens, total_tokens: input_tokens + cached + output_tokens, estimated: true };
}
