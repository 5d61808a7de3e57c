import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** The processes whose command line names a folder. */
export const processesOf = (folder: string): number[] =>
  [...commandLines()].flatMap(([pid, command]) => (command.includes(folder) ? [pid] : []));

/** The command lines of all processes that have one, by process ID. Linux needs no program for that; a zombie has an empty one. */
function* commandLines(): Generator<[pid: number, command: string]> {
  if (process.platform === 'linux') {
    for (const pid of readdirSync('/proc').map(Number).filter(Number.isInteger)) {
      try {
        yield [pid, readFileSync(`/proc/${pid}/cmdline`, 'utf8')];
      } catch {
        // It ended meanwhile.
      }
    }
    return;
  }
  const { stdout } = spawnSync('ps', ['-ww', '-A', '-o', 'pid=,args='], { encoding: 'utf8' });
  for (const line of stdout.split('\n')) if (!line.includes('<defunct>')) yield [Number.parseInt(line, 10), line];
}
