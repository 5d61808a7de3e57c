import type { ThreadRun } from '../../../../client/index.ts';
import { IconButton } from '../ui/buttons.tsx';

/** The runs of one version of an answer, oldest first: a run, and those that continued it. */
export type Version = readonly string[];

/**
 * The versions of each answer, oldest first, by the ids of their runs. Runs that answer the same message are versions: a retry or an edit has hidden
 * the earlier answers, but the events of their runs remain. `runs` are newest first; `isQuestion` tells the visible messages of the user.
 */
export function versionsOf(
  runs: readonly ThreadRun[],
  isQuestion: (messageId: string) => boolean,
): ReadonlyMap<string, readonly Version[]> {
  const versionsOfQuestion = new Map<string, string[][]>();
  const found = new Map<string, readonly Version[]>();
  for (const { run_id, status, thread_tail_message_id: tail, resume_from_run_id: resumed } of [...runs].reverse()) {
    if (tail !== undefined && isQuestion(tail)) {
      const versions = versionsOfQuestion.get(tail) ?? [];
      versionsOfQuestion.set(tail, versions);
      // A run that failed is a version only while it is shown, as the newest.
      if (status !== 'failed' || run_id === runs[0]?.run_id) versions.push([run_id]);
      found.set(run_id, versions);
    } else if (resumed !== undefined) {
      const versions = found.get(resumed);
      (versions as string[][] | undefined)?.find((ids) => ids.at(-1) === resumed)?.push(run_id);
      if (versions) found.set(run_id, versions);
    }
  }
  return found;
}

/** Each of them costs a stream, which reads why it failed. */
const maxUnanswered = 5;

/**
 * The newest runs that ended without an answer, by the message that they should have answered: the last one of each. `isAnswered` tells the runs
 * that have a message. `runs` are newest first.
 */
export function unansweredRuns(runs: readonly ThreadRun[], isAnswered: (runId: string) => boolean): ReadonlyMap<string, string> {
  const newest = new Map<string, ThreadRun>();
  for (const run of runs) {
    const { thread_tail_message_id: tail } = run;
    if (tail !== undefined && !newest.has(tail)) newest.set(tail, run);
  }
  return new Map(
    [...newest]
      .filter(([, { run_id, status }]) => (status === 'failed' || status === 'cancelled') && !isAnswered(run_id))
      .slice(0, maxUnanswered)
      .map(([tail, { run_id }]) => [tail, run_id]),
  );
}

type SwitcherProps = { shown: number; count: number; onShow: (version: number) => void };

/** ‹ 1/2 › below an answer that has versions. */
export const VersionSwitcher = ({ shown, count, onShow }: SwitcherProps) => (
  <span className="versions">
    <IconButton small label="Previous version" icon="chevronLeft" disabled={shown === 0} onClick={() => onShow(shown - 1)} />
    <output aria-label={`Version ${shown + 1} of ${count}`}>
      {shown + 1}/{count}
    </output>
    <IconButton small label="Next version" icon="chevronRight" disabled={shown === count - 1} onClick={() => onShow(shown + 1)} />
  </span>
);
