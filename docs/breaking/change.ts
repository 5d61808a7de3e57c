/**
 * The effect of a change on API clients. `breaking`: working clients stop working. `announced`: clients that follow the rules of the document
 * keep working, but their authors should know.
 */
export type Weight = 'breaking' | 'announced' | 'addition' | 'other';

/** A change of the OpenAPI document since the last release. `base` and `revision` are JSON Pointers into the documents. */
export type Change = { weight: Weight; rule: string; path: string; message: string; base?: string; revision?: string; names?: string[] };

/** `from` and `to` are the versions of the documents. */
export type Comparison = { from: string; to: string; changes: Change[] };

/** An intentional breaking change. `why` tells users what to do. */
export type DeclaredBreakingChange = { rule: string; path: string; why: string };

/**
 * A correction: the released document allowed something that the server never accepted or sent, so no client stops working. `was` describes how
 * the server handled what is now excluded. Only value constraints, defaults and parameters without effect can be corrected. With a `message`, a `*` in
 * the path stands for any step, and the correction is that of all changes with this message.
 */
export type Correction = { rule: string; path: string; message?: string; was: string };

const isCorrectable = ({ rule }: Correction) =>
  ['schema-constraint-changed', 'schema-combinator-changed', 'parameter-removed', 'default-changed', 'reason-removed'].includes(rule);

export const isSame = (change: Change, declared: Pick<DeclaredBreakingChange, 'rule' | 'path'>) =>
  change.rule === declared.rule && change.path === declared.path;

function isCorrectedBy(change: Change, correction: Correction): boolean {
  if (correction.message === undefined) return isSame(change, correction);
  const [steps, wanted] = [change.path.split('/'), correction.path.split('/')];
  return (
    change.rule === correction.rule &&
    change.message === correction.message &&
    steps.length === wanted.length &&
    wanted.every((step, at) => step === '*' || step === steps[at])
  );
}

/** Gives corrected changes the weight `other`. Corrections that match no change, or a change that cannot be corrected, are returned as `stale`. */
export function applyCorrections(
  comparison: Comparison,
  corrected: readonly Correction[],
): { comparison: Comparison; stale: Correction[] } {
  const isCorrected = (change: Change) =>
    change.weight === 'breaking' && corrected.some((each) => isCorrectable(each) && isCorrectedBy(change, each));
  const changes = comparison.changes.map((change): Change => (isCorrected(change) ? { ...change, weight: 'other' } : change));
  const stale = corrected.filter(
    (each) => !each.was.trim() || !comparison.changes.some((change) => isCorrected(change) && isCorrectedBy(change, each)),
  );
  return { comparison: { ...comparison, changes }, stale };
}

/** The next version according to semver 2.0.0. Before 1.0.0, a breaking change increments the second number and any other change the third. */
export function nextVersion({ from, changes }: Comparison): string {
  const [major = 0, minor = 0, patch = 0] = from.split('.').map(Number);
  const has = (...weights: Weight[]) => changes.some(({ weight }) => weights.includes(weight));
  if (changes.length === 0) return from;
  if (major === 0) return has('breaking') ? `0.${minor + 1}.0` : `0.${minor}.${patch + 1}`;
  if (has('breaking')) return `${major + 1}.0.0`;
  return has('announced', 'addition') ? `${major}.${minor + 1}.0` : `${major}.${minor}.${patch + 1}`;
}

const byVersion = new Intl.Collator('en', { numeric: true });

/** Orders versions, and names that contain one. */
export const compareVersions = (a: string, b: string) => byVersion.compare(a, b);

/** Whether the document has a version that is too low for its changes. Changes of descriptions and examples alone need no new version. */
export const isUnbumped = (comparison: Comparison) =>
  comparison.changes.some(({ weight }) => weight !== 'other') && compareVersions(comparison.to, nextVersion(comparison)) < 0;
