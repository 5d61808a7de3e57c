import { type Size, sizeOf, textTokens } from './estimate.ts';
import type { Candidates } from './state.ts';
import { lineOf } from './summarize.ts';

/** Messages that stay as they are, at most, when the older ones of a thread are summarized. */
const keptMessages = 40;

/** What is shorter than this part of a summary is not worth one. */
const leastShare = 4;

export const fits = (size: Size, goal: Size) => size.tokens <= goal.tokens && size.bytes <= goal.bytes;

/** Units to summarize, and how they are shown to the model that does. */
export type Chosen = Candidates & { lines: string[] };

/** What the choice depends on: the prompt as it is, what it should come to, and how much a summary may be made of, and be. */
export type Wish = { size: Size; kept: number; goal: Size; readTokens: number; summaryTokens: number };

/** The oldest units to summarize next: as few as will do, and no more than are read at once. Undefined when there is nothing to gain. */
export function chooseUnits({ part, units }: Candidates, { size, kept, goal, readTokens, summaryTokens }: Wish): Chosen | undefined {
  const tooMany = (gone: number) => part === 'history' && kept - gone > keptMessages;
  if (fits(size, goal) && !tooMany(0)) return undefined;
  if (units.length === 0 || sizeOf(units.flat()).tokens * leastShare < summaryTokens) return undefined;
  const chosen: Chosen = { part, units: [], lines: [] };
  const left = { tokens: size.tokens + summaryTokens, bytes: size.bytes };
  let read = 0;
  for (const unit of units) {
    const lines = unit.map(lineOf);
    read += textTokens(lines.join('\n'));
    const enough = fits(left, goal) && !tooMany(chosen.units.flat().length);
    if (chosen.units.length > 0 && (enough || read > readTokens)) break;
    chosen.units.push(unit);
    chosen.lines.push(...lines);
    const own = sizeOf(unit);
    left.tokens -= own.tokens;
    left.bytes -= own.bytes;
  }
  return chosen;
}
