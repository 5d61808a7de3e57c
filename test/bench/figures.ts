/** What one measurement gave, and whether it is good enough; `yardstick` is the same work by the bare program. */
export type Figure = {
  name: string;
  unit: string;
  ours: number;
  yardstick?: number;
  /** What decides: the ratio ours / yardstick, or the figure itself. */
  minimum: { ratio: number; aim: number } | { most: number } | { least: number } | 'for information';
  note?: string;
};

/** The middle value. */
export const median = (values: readonly number[]): number => percentile(values, 50);

/** The value that `percent` of the values do not exceed (nearest rank). */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

/** Whether a figure reaches its minimum. */
export function passes({ ours, yardstick, minimum }: Figure): boolean {
  if (minimum === 'for information') return true;
  if ('most' in minimum) return ours <= minimum.most;
  if ('least' in minimum) return ours >= minimum.least;
  return yardstick !== undefined && ours / yardstick >= minimum.ratio;
}

/** The figures as a Markdown table. */
export function tableOf(figures: readonly Figure[]): string {
  const head = ['Measured', 'Ours', 'Yardstick', 'Ratio', 'Wanted', 'Result', 'Notes'];
  const rows = figures.map((figure) => [
    figure.name,
    `${shown(figure.ours)} ${figure.unit}`,
    figure.yardstick === undefined ? '' : `${shown(figure.yardstick)} ${figure.unit}`,
    figure.yardstick === undefined ? '' : (figure.ours / figure.yardstick).toFixed(2),
    wanted(figure),
    figure.minimum === 'for information' ? '' : passes(figure) ? 'pass' : 'FAIL',
    figure.note ?? '',
  ]);
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]!.length)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, at) => cell.padEnd(widths[at]!)).join(' | ')} |`;
  return [line(head), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(line)].join('\n');
}

function wanted({ minimum, unit }: Figure): string {
  if (minimum === 'for information') return '';
  if ('most' in minimum) return `≤ ${shown(minimum.most)} ${unit}`;
  if ('least' in minimum) return `≥ ${shown(minimum.least)} ${unit}`;
  return minimum.aim > minimum.ratio ? `≥ ${minimum.ratio}, aim ${minimum.aim}` : `≥ ${minimum.ratio}`;
}

const shown = (value: number) => (value >= 100 ? Math.round(value).toLocaleString('en') : Number(value.toPrecision(3)).toString());
