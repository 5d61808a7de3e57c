import type { RunEventInput } from '../../../contract/events.ts';
import type { ToolAnswer, ToolQuestion } from './tool.ts';

/** A question to the user, asked by the server of a call in progress. */
export type PendingQuestion = {
  callId: string;
  question: ToolQuestion;
  /** Aborted when nobody waits for the answer any more. */
  signal: AbortSignal;
  answer(answer: ToolAnswer): void;
};

/** What calls in progress tell the loop. */
type CallReport = { step: RunEventInput } | { asked: PendingQuestion };

export type CallReports = {
  add(report: CallReport): void;
  /** The next report, oldest first. Undefined once `end` has resolved and all reports are taken; rejects if `end` does. */
  next(end: Promise<unknown>): Promise<CallReport | undefined>;
};

export function createCallReports(): CallReports {
  const reports: CallReport[] = [];
  let added = Promise.withResolvers<void>();
  return {
    add(report) {
      reports.push(report);
      added.resolve();
    },
    async next(end) {
      if (reports.length === 0) {
        added = Promise.withResolvers();
        await Promise.race([end, added.promise]);
      }
      return reports.shift();
    },
  };
}
