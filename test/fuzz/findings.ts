import { readFileSync } from 'node:fs';
import { openApiPath, pathsOf } from '../../contract/shared/path.ts';
import { operationIdOf } from '../../docs/openapi/operation.ts';
import { reasonsOf } from '../../docs/openapi/reasons.ts';
import { type Operation, operations } from '../support/http/operations.ts';
import { type ExplainedFinding, explainedFindings } from './explained.ts';

/** A response that failed a Schemathesis check. */
export type Finding = {
  /** `METHOD path`. */
  operation: string;
  check: string;
  status: number | undefined;
  /** `details.reason`. */
  reason?: string;
  /** One reason per issue; undefined for an issue without one. */
  issueReasons?: readonly (string | undefined)[];
  message?: string;
  traceId?: string;
};

type Check = { name: string; status: string };
type Response = { status_code?: number; content?: { $base64?: string } };
type Interaction = { request?: { method?: string; uri?: string }; response?: Response };
type Recorder = { label: string; checks?: Record<string, Check[]>; interactions?: Record<string, Interaction> };
type Event = {
  ScenarioFinished?: { recorder?: Recorder };
  NonFatalError?: { label?: string; info?: { message?: string } };
  FatalError?: object;
};

/** Reads a Schemathesis report: the number of requests, the findings, and the errors of Schemathesis itself. */
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

/** Returns every failed check. Schemathesis itself shows one per operation, which would hide a defect behind an explained finding. */
function findingsOf({ label, checks = {}, interactions = {} }: Recorder): Finding[] {
  return Object.entries(checks).flatMap(([id, results]) =>
    results
      .filter(({ status }) => status === 'failure')
      .map(({ name }) => ({ operation: operationOf(interactions[id]) ?? label, check: name, ...answerOf(interactions[id]?.response) })),
  );
}

const named = ({ route }: Operation) => `${route.method} ${openApiPath(route.path)}`;
const patterns = operations.flatMap((operation) =>
  pathsOf(operation.route.path).map((template): [RegExp, string] => {
    const path = openApiPath(template).replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&');
    return [new RegExp(`^${operation.route.method} ${path.replaceAll(/\{\w+\}/g, '[^/]+?')}$`), named(operation)];
  }),
);

/** Returns the operation of a request. In the stateful phase the label of the recorder does not name it. */
function operationOf({ request: { method, uri } = {} }: Interaction = {}): string | undefined {
  if (!method || !uri || !URL.canParse(uri)) return undefined;
  const line = `${method} ${new URL(uri).pathname}`;
  // A path without parameters takes precedence.
  const fitting = patterns.filter(([pattern]) => pattern.test(line)).map(([, name]) => name);
  return fitting.find((name) => !name.includes('{')) ?? fitting[0];
}

function answerOf({ status_code: status, content }: Response = {}): Omit<Finding, 'operation' | 'check'> {
  try {
    const { details, trace_id: traceId } = JSON.parse(Buffer.from(content?.$base64 ?? '', 'base64').toString());
    const issues: { path: string; message: string; reason?: string }[] = details.issues ?? [];
    // Prefer the first issue without a reason: only that one is undocumented.
    const issue = issues.find(({ reason }) => reason === undefined) ?? issues[0];
    const issueReasons = issues.map(({ reason }) => reason);
    return { status, reason: details.reason, issueReasons, traceId, ...(issue && { message: `${issue.path} ${issue.message}` }) };
  } catch {
    return { status };
  }
}

export const explanationOf = (finding: Finding, all: readonly ExplainedFinding[] = explainedFindings) =>
  isDocumented(finding)
    ? all.find(
        ({ check, status, operations: some }) =>
          check === finding.check && status === finding.status && (some === undefined || some.includes(finding.operation)),
      )
    : undefined;

/** Whether the operation documents every reason of the response under its status. */
function isDocumented({ operation, status, reason, issueReasons = [] }: Finding): boolean {
  const known = operations.find((each) => named(each) === operation);
  if (!known || status === undefined) return false;
  const [area, verb] = known.id.split('.') as [string, string];
  const documented = reasonsOf(operationIdOf(area, verb), known.route, status);
  return (issueReasons.length > 0 ? issueReasons : [reason]).every((each) => each !== undefined && documented.includes(each));
}

/** Returns one line per distinct finding, with its count. */
export function grouped(findings: readonly Finding[]): string[] {
  const counts = new Map<string, number>();
  for (const { operation, check, status, reason, issueReasons, message } of findings) {
    const line = [check, status, operation, issueReasons?.includes(undefined) ? message : (reason ?? message)]
      .filter((part) => part !== undefined)
      .join(' | ');
    counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  return [...counts].map(([line, count]) => `${count} × ${line}`);
}
