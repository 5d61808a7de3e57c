import { execFileSync } from 'node:child_process';
import { createHash, randomInt } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { machinePath } from '../app/programs.ts';

/** What differs between installations and must not matter. One choice for each run of the tests. */
export type World = {
  /** `TEST_WORLD` with this value repeats the choice. */
  seed: string;
  /** The first part of the names of databases. */
  database: string;
  /** The role that owns the databases and serves. */
  role: string;
  /** The first schema of the search path of the role. */
  schema: string;
  /** How the processes of the tests reach PostgreSQL: over its Unix socket, or over TCP at this host. */
  databaseHost: 'socket' | 'localhost' | '127.0.0.1' | '[::1]';
  /** The time zones of processes and of PostgreSQL. */
  processZone: string;
  databaseZone: string;
  /** Of processes: it decides how numbers and dates are written, and the lower case of I. */
  locale: string;
  /** Where the servers of the tests listen, unless a test chooses another host. */
  serverHost: '127.0.0.1' | 'localhost';
  /** How far the wall clock of processes is ahead of that of PostgreSQL, in seconds. */
  clockOffset: number;
};

/** The world of most developers. */
export const home = 'home';

// Never `/`, `?`, `#` and `&`: the driver takes the name of a database from the path of a URL and decodes all but these.
const choices = {
  database: ['test', 'Arkloop Tests', `o'Brien "dev"`, 'prüfung-データ', 'select', '100%'],
  role: ['arkloop_app', 'Arkloop App', `"o'Brien"`, 'betreiber-für-東京', 'user', 'app@example.com:5432/x?y#z'],
  schema: ['public', 'Arkloop', `app's "own"`, 'данные', 'table'],
  databaseHost: ['socket', 'localhost', '127.0.0.1', '[::1]'],
  processZone: ['UTC', 'America/St_Johns', 'Pacific/Kiritimati', 'Europe/Berlin', 'Asia/Kathmandu'],
  databaseZone: ['UTC', 'Pacific/Apia', 'America/Los_Angeles', 'Asia/Kolkata', 'Antarctica/Troll'],
  locale: ['en_US.UTF-8', 'tr_TR.UTF-8', 'de_DE.UTF-8', 'ar_EG.UTF-8', 'C'],
  serverHost: ['127.0.0.1', 'localhost'],
  clockOffset: [0, 180, -180],
} as const;

/** Containers often have no address of IPv6. There, the host is another one. */
const hasIpv6 = () =>
  Object.values(networkInterfaces())
    .flat()
    .some((each) => each?.address === '::1');

/** At home, each choice is the first one. */
export function worldOf(seed: string): World {
  const indexOf = (name: string, count: number) =>
    seed === home ? 0 : createHash('sha256').update(`${seed} ${name}`).digest().readUInt32BE() % count;
  const chosen = Object.entries(choices).map(([name, values]) => [name, values[indexOf(name, values.length)]]);
  const world: World = { seed, ...Object.fromEntries(chosen) };
  return world.databaseHost === '[::1]' && !hasIpv6() ? { ...world, databaseHost: '127.0.0.1' } : world;
}

export const newSeed = () => String(randomInt(1_000_000));

/** The seed of a run without `TEST_WORLD`: each commit has another world, and a failure repeats. Without Git or a repository, home. */
export function seedOfCommit(folder: string): string {
  try {
    return execFileSync('git', ['rev-parse', '--short=8', 'HEAD'], {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: machinePath() },
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return home;
  }
}

/** The world of this run, in the processes that the setup has started. */
export const world = (): World => worldOf(process.env.TEST_WORLD ?? home);

export const describeWorld = ({ seed, ...rest }: World): string => `TEST_WORLD=${seed} (${Object.values(rest).join(', ')})`;
