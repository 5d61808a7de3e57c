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

/** Command lines by process ID. The command line of a zombie is empty in `/proc`. */
function* commandLines(): Generator<[pid: number, command: string]> {
  for (const { pid, command } of processes(false)) yield [pid, command];
}

/** Processes whose environment this one may read: its own user's, or all for root. */
export const commandsAndEnvironments = () => processes(true);

/** From `/proc` on Linux and from `ps` elsewhere. */
function* processes(environments: boolean): Generator<{ pid: number; command: string; text: string }> {
  if (process.platform === 'linux') {
    for (const pid of readdirSync('/proc').map(Number).filter(Number.isInteger)) {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        yield { pid, command, text: environments ? `${command}\n${environmentOf(pid)}` : command };
      } catch {
        // The process has exited.
      }
    }
    return;
  }
  const { stdout } = spawnSync('ps', [...(environments ? ['-E'] : []), '-ww', '-A', '-o', 'pid=,args='], { encoding: 'utf8' });
  for (const line of stdout.split('\n').filter((each) => !each.includes('<defunct>'))) {
    const command = line.trim().replace(/^\d+ +/, '');
    yield { pid: Number.parseInt(line, 10), command, text: command };
  }
}

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    return '';
  }
}
