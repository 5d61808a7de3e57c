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
  /** Progress replaces that of the same call which was not taken yet: only the newest counts. */
  add(report: CallReport): void;
  /** The next report, oldest first. Undefined once `end` has resolved and all reports are taken; rejects if `end` does. */
  next(end: Promise<unknown>): Promise<CallReport | undefined>;
};

function isProgressOf(queued: CallReport, newer: CallReport): boolean {
  if (!('step' in queued && 'step' in newer)) return false;
  const [a, b] = [queued.step, newer.step];
  return a.type === 'tool.progress' && b.type === 'tool.progress' && a.data.tool_call_id === b.data.tool_call_id;
}

export function createCallReports(): CallReports {
  const reports: CallReport[] = [];
  let added = Promise.withResolvers<void>();
  return {
    add(report) {
      const outdated = reports.findIndex((queued) => isProgressOf(queued, report));
      if (outdated >= 0) reports[outdated] = report;
      else reports.push(report);
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
