import type { RunEvent } from '../generated/types.ts';
import { openRunViewer, type RunView } from './runView.ts';

/** The events of a run, and its outcome. */
export type RunStream = AsyncIterable<RunEvent> & {
  /** Follows the run to its end, unless a loop over this stream already has, and resolves to its final state. */
  finalView(): Promise<RunView>;
  /** Like `finalView`, but resolves to the text of the answer. Rejects with a `RunEndedError` if the run fails or is cancelled. */
  finalText(): Promise<string>;
};

/** A run that failed or was cancelled. `view` contains the incomplete text and `failure`. */
export class RunEndedError extends Error {
  override readonly name = 'RunEndedError';
  readonly view: RunView;

  constructor(runId: string, view: RunView) {
    const { failure } = view;
    super(
      failure
        ? `Run ${runId} failed with ${failure.error_class}: ${failure.message}`
        : `Run ${runId} ended without an answer: ${view.status}.`,
    );
    this.view = view;
  }
}

/** `open` starts to read the events after `afterSeq`. `live` false ends after the stored ones. */
export function openRunStream(
  runId: string,
  open: (afterSeq: number | undefined, live?: boolean) => AsyncIterable<RunEvent>,
  afterSeq?: number,
): RunStream {
  const viewer = openRunViewer();
  /** Read, but not yet viewed: a loop that does not ask for the outcome does not pay for it. */
  let unviewed: RunEvent[] = [];
  const view = () => {
    for (const event of unviewed) viewer.add(event);
    unviewed = [];
    return viewer.view();
  };
  let seen = afterSeq;
  const observed = (events: AsyncIterable<RunEvent>): AsyncIterator<RunEvent> => {
    const inner = events[Symbol.asyncIterator]();
    return {
      async next() {
        const step = await inner.next();
        if (!step.done && step.value.seq > (seen ?? 0)) {
          seen = step.value.seq;
          unviewed.push(step.value);
        }
        return step;
      },
      return: async () => (await inner.return?.()) ?? { done: true, value: undefined },
    };
  };
  const finalView = async () => {
    if (!view().ended) for (const events = observed(open(seen, true)); !(await events.next()).done;);
    return view();
  };
  return {
    [Symbol.asyncIterator]: () => observed(open(afterSeq)),
    finalView,
    async finalText() {
      const outcome = await finalView();
      if (outcome.status !== 'completed') throw new RunEndedError(runId, outcome);
      return outcome.text;
    },
  };
}
