import { type Size, sizeOf, textTokens } from '../../models/estimate.ts';
import type { Candidates } from './compactionState.ts';
import { lineOf } from './summarize.ts';

/** Messages of a thread that are kept unsummarized, at most. */
const maxKeptMessages = 40;

/** Units smaller than this fraction (1/4) of a summary are not summarized. */
const minShareDivisor = 4;

export const fits = (size: Size, goal: Size) => size.tokens <= goal.tokens && size.bytes <= goal.bytes;

/** Units to summarize, and the lines that the summarizing model reads. */
export type ChosenUnits = Candidates & { lines: string[] };

/**
 * `size`: current prompt. `kept`: its messages without system messages. `goal`: target size. `readTokens`: most input
 * of one summary. `summaryTokens`: most tokens of the summary.
 */
export type UnitSelection = { size: Size; kept: number; goal: Size; readTokens: number; summaryTokens: number };

/** Chooses the oldest units to summarize next: as few as needed, and at most `readTokens`. Undefined if summarizing gains nothing. */
export function chooseUnits(
  { part, units }: Candidates,
  { size, kept, goal, readTokens, summaryTokens }: UnitSelection,
): ChosenUnits | undefined {
  const tooMany = (gone: number) => part === 'history' && kept - gone > maxKeptMessages;
  if (fits(size, goal) && !tooMany(0)) return undefined;
  if (units.length === 0 || sizeOf(units.flat()).tokens * minShareDivisor < summaryTokens) return undefined;
  const chosen: ChosenUnits = { part, units: [], lines: [] };
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
