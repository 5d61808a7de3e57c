/** What became of a task, and what it used, sub-agents included. `failed` names what is wrong. */
export type TaskResult = {
  name: string;
  failed: string[];
  turns: number;
  input_tokens: number;
  output_tokens: number;
  cost_usd: number;
  credits: number;
  ms: number;
};

type Totals = Omit<TaskResult, 'name' | 'failed'> & { tasks: number; passed: number; pass_rate: number };

/** What `--json` writes and `--against` reads. */
export type Report = { date: string; model: string; totals: Totals; tasks: (TaskResult & { passed: boolean })[] };

const isPassed = ({ failed }: TaskResult) => failed.length === 0;

export function reportOf(results: readonly TaskResult[], model: string): Report {
  const sum = (field: keyof Omit<TaskResult, 'name' | 'failed'>) => results.reduce((total, each) => total + each[field], 0);
  const passed = results.filter(isPassed).length;
  return {
    date: new Date().toISOString(),
    model,
    totals: {
      tasks: results.length,
      passed,
      pass_rate: results.length === 0 ? 0 : passed / results.length,
      turns: sum('turns'),
      input_tokens: sum('input_tokens'),
      output_tokens: sum('output_tokens'),
      cost_usd: Number(sum('cost_usd').toFixed(6)),
      credits: sum('credits'),
      ms: sum('ms'),
    },
    tasks: results.map((result) => ({ ...result, passed: isPassed(result) })),
  };
}

/** The tasks that a saved report has as passed, if fewer of the common tasks pass now. Empty if the pass rate has not fallen. */
export function fallenBehind(report: Report, saved: Report): string[] {
  const before = new Map(saved.tasks.map(({ name, passed }) => [name, passed]));
  const common = report.tasks.filter(({ name }) => before.has(name));
  const now = common.filter(({ passed }) => passed).length;
  const then = common.filter(({ name }) => before.get(name)).length;
  return now < then ? common.filter(({ name, passed }) => !passed && before.get(name)).map(({ name }) => name) : [];
}

/** Renders a Markdown table. */
export function tableOf({ tasks, totals }: Report): string {
  const head = ['Task', 'Result', 'Turns', 'Tokens in', 'Tokens out', 'USD', 'Credits', 'Seconds'];
  const cells = ({ turns, input_tokens, output_tokens, cost_usd, credits, ms }: Omit<TaskResult, 'name' | 'failed'>) => [
    `${turns}`,
    input_tokens.toLocaleString('en'),
    output_tokens.toLocaleString('en'),
    cost_usd.toFixed(4),
    `${credits}`,
    (ms / 1_000).toFixed(1),
  ];
  const total = `${totals.passed} of ${totals.tasks} (${Math.round(totals.pass_rate * 100)} %)`;
  const rows = [...tasks.map((task) => [task.name, task.passed ? 'pass' : 'FAIL', ...cells(task)]), ['all', total, ...cells(totals)]];
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]!.length)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, at) => (at < 2 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join(' | ')} |`;
  const rule = `|${widths.map((width, at) => (at < 2 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  const failures = tasks.flatMap(({ name, failed }) => failed.map((what) => `${name}: ${what}`));
  return [line(head), rule, ...rows.map(line), ...failures].join('\n');
}
