import { type Size, sizeOf } from '../../models/estimate.ts';
import type { ModelMessage, ModelTool } from '../../models/model.ts';
import { dropOldImages, fitImages } from './images.ts';
import type { Summary } from './summaries.ts';
import { trimToolResults } from './trimToolResults.ts';
import { type Unit, unitsOf } from './units.ts';

/** A prompt as it is sent, and how much was trimmed and dropped. */
export type RenderedPrompt = { messages: ModelMessage[]; size: Size; trimmed: number; dropped: number };

/** `history`: stored messages of the thread; their summary is kept for later runs. `work`: turns of this run. */
export type Part = 'history' | 'work';

export type Candidates = { part: Part; units: Unit[] };

const titles: Record<Part, string> = {
  history: 'Summary of the conversation so far, in place of its older messages:',
  work: 'Summary of what was done so far, in place of the older steps:',
};

/**
 * Tracks which messages are replaced by which summary in the prompt of one run. The run keeps all its messages and
 * passes them on every call. A message is identified by its number in the thread, or else by object identity.
 */
export function createCompactionState(kept: Summary | undefined) {
  let upTo = kept?.up_to_number ?? 0;
  const summaries: { [P in Part]?: string } = kept ? { history: kept.summary } : {};
  const done = new WeakSet<ModelMessage>();
  let withoutOldImages = false;
  let imageRoom = Number.POSITIVE_INFINITY;

  function partOf(message: ModelMessage, lastUser: ModelMessage | undefined): Part | undefined {
    if (message.role === 'system' || message === lastUser) return undefined;
    if (message.number !== undefined && message.number <= upTo) return 'history';
    return done.has(message) ? 'work' : undefined;
  }

  /** Puts each summary in place of the first message that it replaces. */
  function replaced(messages: readonly ModelMessage[]): ModelMessage[] {
    const said = new Set<Part>();
    const lastUser = lastUserOf(messages);
    return messages.flatMap((message): ModelMessage[] => {
      const part = partOf(message, lastUser);
      if (part === undefined) return [message];
      if (said.has(part)) return [];
      said.add(part);
      return [{ role: 'user', content: `${titles[part]}\n\n${summaries[part]}` }];
    });
  }

  return {
    summaryOf: (part: Part) => summaries[part],
    /** The prompt with summaries, trimmed tool results and, after `dropOldImages`, without old images. */
    render(messages: readonly ModelMessage[], tools: readonly ModelTool[]): RenderedPrompt {
      const whole = replaced(messages);
      const trimmed = trimToolResults(whole);
      const old = withoutOldImages ? dropOldImages(trimmed) : { messages: trimmed, dropped: 0 };
      const { messages: shown, dropped } = fitImages(old.messages, imageRoom);
      const size = sizeOf(shown, tools);
      return { messages: shown, size, trimmed: trimmed.filter((each, at) => each !== whole[at]).length, dropped: old.dropped + dropped };
    },
    /**
     * What can still be summarized, in this order. Excludes the last user message and the newest unit, which the model
     * has not read yet.
     */
    candidates(messages: readonly ModelMessage[]): Candidates[] {
      const lastUser = lastUserOf(messages);
      const units = unitsOf(messages);
      const open = units.slice(0, -1).filter((unit) => !partOf(unit[0]!, lastUser) && unit[0] !== lastUser);
      const before = units.findIndex((unit) => unit[0] === lastUser);
      const later = open.findIndex((unit) => units.indexOf(unit) > before || !unit.every(isStored));
      const history = later < 0 ? open : open.slice(0, later);
      return [
        { part: 'history', units: history },
        { part: 'work', units: open.slice(history.length) },
      ];
    },
    /** Replaces more units by a summary. Returns the summary to store if it is one of the thread. */
    replace(part: Part, units: readonly Unit[], summary: string): Summary | undefined {
      summaries[part] = summary;
      if (part === 'history') {
        upTo = Math.max(upTo, ...units.flat().map(numberOf));
        return { up_to_number: upTo, summary };
      }
      for (const message of units.flat()) done.add(message);
      return undefined;
    },
    dropOldImages() {
      withoutOldImages = true;
    },
    /** Limits the images to `room` base64 characters in total from now on. */
    fitImages(room: number) {
      imageRoom = Math.min(imageRoom, room);
    },
  };
}

const lastUserOf = (messages: readonly ModelMessage[]) => messages.findLast(({ role }) => role === 'user');
const numberOf = (message: ModelMessage) => (message.role === 'system' ? 0 : (message.number ?? 0));
const isStored = (message: ModelMessage) => numberOf(message) > 0;
