import type { RunEventInput } from '../../../contract/events.ts';
import type { ModelEvent } from '../../models/model.ts';
import type { RetryEvent } from '../../models/retry.ts';
import { newId } from '../../platform/crypto/ids.ts';

/** Marks the segments in which a model thinks, so that a client can collapse them. */
export function createThinkingSegments(isTold: boolean) {
  let open: string | undefined;
  return {
    /** The marks that belong before an event. */
    before(event: ModelEvent | RetryEvent): RunEventInput[] {
      const thinks = event.type === 'text' && event.channel === 'thinking';
      const isOther = event.type !== 'llm.request' && event.type !== 'llm.response.chunk' && !thinks;
      if (thinks && isTold && !open) {
        open = newId();
        return [
          {
            type: 'run.segment.start',
            data: { segment_id: open, kind: 'thinking', display: { mode: 'collapsed', label: 'Thinking' } },
          },
        ];
      }
      if (!isOther || !open) return [];
      const ended = open;
      open = undefined;
      return [{ type: 'run.segment.end', data: { segment_id: ended } }];
    },
  };
}
