import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** IDs of the processes whose command line contains a folder. */
export const processesOf = (folder: string): number[] =>
  [...commandLines()].flatMap(([pid, command]) => (command.includes(folder) ? [pid] : []));

/** IDs of the child processes of a process. */
export function childrenOf(pid: number): number[] {
  if (process.platform === 'linux') {
    const parentOf = (child: number) => {
      try {
        return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${child}/stat`, 'latin1'))?.[1]);
      } catch {
        return undefined;
      }
    };
    return readdirSync('/proc')
      .map(Number)
      .filter((child) => Number.isInteger(child) && parentOf(child) === pid);
  }
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  const pairs = stdout.split('\n').map((line) => line.trim().split(/ +/).map(Number));
  return pairs.flatMap(([child, parent]) => (parent === pid ? [child!] : []));
}

/** Command lines by process ID, from `/proc` on Linux and from `ps` elsewhere. In `/proc`, the command line of a zombie is empty. */
function* commandLines(): Generator<[pid: number, command: string]> {
  if (process.platform === 'linux') {
    for (const pid of readdirSync('/proc').map(Number).filter(Number.isInteger)) {
      try {
        yield [pid, readFileSync(`/proc/${pid}/cmdline`, 'utf8')];
      } catch {
        // The process has exited.
      }
    }
    return;
  }
  const { stdout } = spawnSync('ps', ['-ww', '-A', '-o', 'pid=,args='], { encoding: 'utf8' });
  for (const line of stdout.split('\n')) if (!line.includes('<defunct>')) yield [Number.parseInt(line, 10), line];
}
