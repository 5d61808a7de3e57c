import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** IDs of the processes whose command line contains a folder. */
export const processesOf = (folder: string): number[] =>
  [...commandLines()].flatMap(([pid, command]) => (command.includes(folder) ? [pid] : []));

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
