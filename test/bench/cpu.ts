import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts CPU time in hundredths of a second. */
const ticksPerSecond = 100;

type Usage = { parent: number; ticks: number };

/** CPU seconds of a process and its descendants so far, including descendants that have ended. Linux only; 0 elsewhere. */
export function cpuSeconds(pid: number): number {
  const all = new Map(processIds().flatMap((id) => entryOf(id)));
  const ticksOf = (id: number): number =>
    (all.get(id)?.ticks ?? 0) + [...all].filter(([, { parent }]) => parent === id).reduce((sum, [child]) => sum + ticksOf(child), 0);
  return ticksOf(pid) / ticksPerSecond;
}

function processIds(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

/** Reads proc_pid_stat(5). The fields after the name in parentheses start with the state, which is field 3. */
function entryOf(pid: number): [number, Usage][] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const field = (number: number) => fields[number - 3]!;
    return [[pid, { parent: field(4), ticks: field(14) + field(15) + field(16) + field(17) }]];
  } catch {
    return []; // It has ended.
  }
}
