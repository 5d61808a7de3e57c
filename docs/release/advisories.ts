/** Why an advisory does not keep a version from its release, by the id of the advisory. `until` is a date: then it must be judged again. */
export type AcceptedAdvisories = Record<string, { package: string; reason: string; until: string }>;

export type Advisory = { id: string; package: string; title: string; severity: string };

type Via = string | { name: string; url: string; title: string; severity: string };
type AuditReport = { vulnerabilities?: Record<string, { via: Via[] }>; message?: string; error?: { summary?: string; detail?: string } };

/** The advisories of a report of `npm audit --json`. Throws an Error if the registry did not answer. */
export function advisoriesOf(report: string): Advisory[] {
  const { vulnerabilities, message, error } = parse(report);
  if (!vulnerabilities) throw new Error(`npm audit failed: ${message ?? error?.summary ?? (report.trim() || 'no output')}`);
  const found = Object.values(vulnerabilities).flatMap(({ via }) => via.filter((each) => typeof each !== 'string'));
  const advisories = found.map(({ name, url, title, severity }) => ({ id: url.split('/').at(-1)!, package: name, title, severity }));
  return [...new Map(advisories.map((each) => [each.id, each])).values()];
}

function parse(report: string): AuditReport {
  try {
    return JSON.parse(report) as AuditReport;
  } catch {
    return {};
  }
}

/** One line for each advisory without a reason, and for each reason that is outdated. `today` is a date such as 2026-11-28. */
export function advisoryProblems(found: readonly Advisory[], accepted: AcceptedAdvisories, today: string): string[] {
  const ids = new Set(found.map(({ id }) => id));
  const open = found.filter(({ id, package: name }) => accepted[id]?.package !== name);
  return [
    ...open.map(({ id, package: name, title, severity }) => `${name}: ${severity} advisory ${id} (${title})`),
    ...Object.entries(accepted).flatMap(([id, { package: name, reason, until }]) => {
      if (!ids.has(id)) return [`${name}: ${id} is not reported any more: remove it from docs/release/advisories.json`];
      if (reason.trim() === '') return [`${name}: ${id} has no reason in docs/release/advisories.json`];
      return until < today ? [`${name}: ${id} was accepted until ${until}`] : [];
    }),
  ];
}
