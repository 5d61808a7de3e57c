/** One measurement and its threshold. `yardstick` is the same work done by the bare program. */
export type Figure = {
  name: string;
  unit: string;
  ours: number;
  yardstick?: number;
  /** The threshold: for the ratio ours / yardstick, or for the value itself. */
  threshold: { ratio: number; aim: number } | { most: number } | { least: number } | 'for information';
  note?: string;
};

export const median = (values: readonly number[]): number => percentile(values, 50);

/** The nearest-rank percentile. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

export function passes({ ours, yardstick, threshold }: Figure): boolean {
  if (threshold === 'for information') return true;
  if ('most' in threshold) return ours <= threshold.most;
  if ('least' in threshold) return ours >= threshold.least;
  return yardstick !== undefined && ours / yardstick >= threshold.ratio;
}

/** What `--json` writes and `--against` reads. */
export type SavedRun = { date: string; node: string; cores: number; figures: Figure[] };

/** How far a ratio may fall below the saved one. Ratios of a quiet machine vary by about a tenth. */
const tolerance = 0.2;

/** The figures whose ratio is more than 20 % below that of the saved run, a line each. Absolute figures depend on the machine and are not compared. */
export function regressions(figures: readonly Figure[], saved: readonly Figure[]): string[] {
  const ratioOf = ({ ours, yardstick }: Figure) => (yardstick === undefined ? undefined : ours / yardstick);
  const before = new Map(saved.map((figure) => [figure.name, ratioOf(figure)]));
  return figures.flatMap((figure) => {
    const [now, then] = [ratioOf(figure), before.get(figure.name)];
    if (now === undefined || then === undefined || isLowerBetter(figure) || now >= then * (1 - tolerance)) return [];
    return [`${figure.name}: ratio ${now.toFixed(2)}, saved ${then.toFixed(2)}`];
  });
}

/** Times, in which a lower ratio is an improvement. */
const isLowerBetter = ({ unit }: Figure) => !unit.endsWith('/s');

/** Renders a Markdown table. */
export function tableOf(figures: readonly Figure[]): string {
  const head = ['Measured', 'Ours', 'Yardstick', 'Ratio', 'Wanted', 'Result', 'Notes'];
  const rows = figures.map((figure) => [
    figure.name,
    `${shown(figure.ours)} ${figure.unit}`,
    figure.yardstick === undefined ? '' : `${shown(figure.yardstick)} ${figure.unit}`,
    figure.yardstick === undefined ? '' : (figure.ours / figure.yardstick).toFixed(2),
    wanted(figure),
    figure.threshold === 'for information' ? '' : passes(figure) ? 'pass' : 'FAIL',
    figure.note ?? '',
  ]);
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]!.length)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, at) => cell.padEnd(widths[at]!)).join(' | ')} |`;
  return [line(head), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(line)].join('\n');
}

function wanted({ threshold, unit }: Figure): string {
  if (threshold === 'for information') return '';
  if ('most' in threshold) return `≤ ${shown(threshold.most)} ${unit}`;
  if ('least' in threshold) return `≥ ${shown(threshold.least)} ${unit}`;
  return threshold.aim > threshold.ratio ? `≥ ${threshold.ratio}, aim ${threshold.aim}` : `≥ ${threshold.ratio}`;
}

const shown = (value: number) => (value >= 100 ? Math.round(value).toLocaleString('en') : Number(value.toPrecision(3)).toString());
