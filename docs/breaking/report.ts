import { type Change, type Comparison, type DeclaredBreakingChange, isSame, isUnbumped, nextVersion, type Weight } from './change.ts';

const formatChange = ({ rule, path, message }: Change) => `  ${rule}  ${path}\n    ${message}`;

/** Formats a comparison. `ok` if all breaking changes are declared, all declarations match a breaking change, and the version is high enough. */
export function formatComparison(comparison: Comparison, declared: readonly DeclaredBreakingChange[]): { ok: boolean; text: string } {
  const { from, to, changes } = comparison;
  const of = (weight: Weight) => changes.filter((change) => change.weight === weight);
  const breaking = of('breaking');
  const undeclared = breaking.filter((change) => !declared.some((each) => isSame(change, each)));
  const stale = declared.filter((each) => !breaking.some((change) => isSame(change, each)));
  const sections: [title: string, lines: string[]][] = [
    ['Breaking, but not declared in docs/released/declared.json:', undeclared.map(formatChange)],
    ['Declared, but not found:', stale.map(({ rule, path }) => `  ${rule}  ${path}`)],
    ['Breaking, as declared:', breaking.filter((change) => !undeclared.includes(change)).map(formatChange)],
    ['To be announced:', of('announced').map(formatChange)],
    ['Added:', additionLines(of('addition'))],
  ];
  const shown = sections.flatMap(([title, lines]) => (lines.length > 0 ? [title, ...lines] : []));
  const counts = `${breaking.length} breaking, ${of('announced').length} to announce, ${of('addition').length} additions, ${of('other').length} others`;
  const isLow = isUnbumped(comparison);
  const text = [
    ...shown,
    `Since ${from}: ${counts}. The next version is ${nextVersion(comparison)}; the document says ${to}.`,
    ...(isLow
      ? [`The version is too low: npm version ${nextVersion(comparison)} --no-git-tag-version, and the same in client/package.json.`]
      : []),
  ].join('\n');
  return { ok: undeclared.length + stale.length === 0 && !isLow, text };
}

/** One line for an addition. The same addition at several operations is one line with their number. */
function additionLines(additions: readonly Change[]): string[] {
  const places = Map.groupBy(additions, ({ rule, path }) => `${rule}  ${path.replace(/^#\/paths\/[^/]+\/[a-z]+\//, '… ')}`);
  return [...places.values()].map(([first, ...more]) =>
    more.length === 0 ? `  ${first!.rule}  ${first!.path}` : `  ${first!.rule}  ${first!.path} and ${more.length} more`,
  );
}
