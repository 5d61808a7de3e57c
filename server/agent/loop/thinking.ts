import type { RunStep } from '../../../contract/events.ts';
import { newId } from '../../kernel/ids.ts';
import type { ModelEvent } from '../model.ts';
import type { RetryEvent } from '../retry.ts';

/** Marks the segments in which a model thinks: a client can fold them away. */
export function createThinking(isTold: boolean) {
  let open: string | undefined;
  return {
    /** The marks that come before an event. */
    *around(event: ModelEvent | RetryEvent): Generator<RunStep> {
      const thinks = event.type === 'text' && event.channel === 'thinking';
      const isOther = event.type !== 'llm.request' && event.type !== 'llm.response.chunk' && !thinks;
      if (thinks && isTold && !open) {
        open = newId();
        yield {
          type: 'run.segment.start',
          data: { segment_id: open, kind: 'thinking', display: { mode: 'collapsed', label: 'Thinking' } },
        };
      }
      if (isOther && open) {
        yield { type: 'run.segment.end', data: { segment_id: open } };
        open = undefined;
      }
    },
  };
}
