import { readFileSync } from 'node:fs';
import { type Explained, explained } from './explained.ts';

/** An answer that a check of Schemathesis found wrong. */
export type Finding = { operation: string; check: string; status: number | undefined; reason?: string; message?: string; traceId?: string };

type Check = { name: string; status: string };
type Response = { status_code?: number; content?: { $base64?: string } };
type Recorder = { label: string; checks?: Record<string, Check[]>; interactions?: Record<string, { response?: Response }> };
type Event = {
  ScenarioFinished?: { recorder?: Recorder };
  NonFatalError?: { label?: string; info?: { message?: string } };
  FatalError?: object;
};

/** What a run of Schemathesis recorded: how many requests it sent, what it found, and where it failed itself. */
export function readReport(file: string): { requests: number; findings: Finding[]; errors: string[] } {
  const events = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Event);
  const recorders = events.flatMap(({ ScenarioFinished }) => ScenarioFinished?.recorder ?? []);
  const errors = events.flatMap((event) =>
    event.FatalError
      ? [JSON.stringify(event.FatalError).slice(0, 500)]
      : event.NonFatalError
        ? [String(event.NonFatalError.info?.message ?? event.NonFatalError.label)]
        : [],
  );
  const requests = recorders.reduce((sum, { interactions }) => sum + Object.keys(interactions ?? {}).length, 0);
  return { requests, findings: recorders.flatMap(findingsOf), errors };
}

/** Every failed check counts: Schemathesis itself shows one of each operation, which would hide a fault behind a known answer. */
function findingsOf({ label, checks = {}, interactions = {} }: Recorder): Finding[] {
  return Object.entries(checks).flatMap(([id, results]) =>
    results
      .filter(({ status }) => status === 'failure')
      .map(({ name }) => ({ operation: label, check: name, ...answerOf(interactions[id]?.response) })),
  );
}

function answerOf({ status_code: status, content }: Response = {}): Omit<Finding, 'operation' | 'check'> {
  try {
    const { details, trace_id: traceId } = JSON.parse(Buffer.from(content?.$base64 ?? '', 'base64').toString());
    const [issue] = details.issues ?? [];
    return { status, reason: details.reason, traceId, ...(issue && { message: `${issue.path} ${issue.message}` }) };
  } catch {
    return { status };
  }
}

/** The explanation of a finding, if it has one. */
export const explanationOf = (finding: Finding, all: readonly Explained[] = explained) =>
  all.find(
    ({ check, status, reasons, messages, operations }) =>
      check === finding.check &&
      status === finding.status &&
      (operations === undefined || operations.includes(finding.operation)) &&
      (reasons === undefined || reasons.includes(finding.reason ?? '')) &&
      (messages === undefined || (finding.reason === undefined && messages.some((each) => finding.message?.includes(each)))),
  );

/** Findings that say the same, with their number. */
export function grouped(findings: readonly Finding[]): string[] {
  const counts = new Map<string, number>();
  for (const { operation, check, status, reason, message } of findings) {
    const line = [check, status, operation, reason ?? message].filter((part) => part !== undefined).join(' | ');
    counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  return [...counts].map(([line, count]) => `${count} × ${line}`);
}
