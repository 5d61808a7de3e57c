import { type Random, seededRandom } from './random.ts';

/** Processes of the installation. */
export const apis = ['api-1', 'api-2'] as const;
export const workers = ['worker-1', 'worker-2'] as const;
export const serverNames = [...apis, ...workers, 'gateway'] as const;
export type ServerName = (typeof serverNames)[number];

/** Links of the proxy: from each process to PostgreSQL, and from the gateway to the APIs. */
const linkNames = [...serverNames.map((name) => `${name} to postgres` as const), 'gateway to api'] as const;
type LinkName = (typeof linkNames)[number];

/** The link of all processes to the object store. */
export const storageLink = 'servers to storage';

export type VendorMode = 'ok' | '429' | '500' | 'hang' | 'cut' | 'garbage' | 'slow';

/** What happens to the installation. Durations are in milliseconds. */
export type Fault =
  | { kind: 'kill' | 'terminate'; target: ServerName; downMs: number }
  | { kind: 'clock'; target: ServerName; downMs: number; offSeconds: number }
  | { kind: 'clock.jump' | 'clock.start'; target: ServerName; ms: number; offSeconds: number }
  | { kind: 'memory'; target: ServerName; downMs: number }
  | { kind: 'freeze'; target: ServerName; ms: number }
  | { kind: 'postgres.kill' | 'postgres.killBackend' | 'postgres.restart' }
  | { kind: 'postgres.terminateBackends'; share: number }
  | { kind: 'postgres.freeze' | 'flush.hang'; ms: number }
  | { kind: 'link.cut' | 'link.blackHole' | 'link.forget'; link: LinkName; ms: number }
  | { kind: 'link.slow'; link: LinkName; ms: number; delayMs: number; bytesPerSecond: number }
  | { kind: 'disk.postgres'; ms: number; share: number }
  | { kind: 'disk.storage' | 'storage.blackHole'; ms: number }
  | { kind: 'pool.flood' | 'pool.lock'; ms: number }
  | { kind: 'vendor' | 'tools'; ms: number; mode: VendorMode }
  | { kind: 'receiver'; ms: number; mode: '500' | 'hang' | 'cut' };

/** A fault and the milliseconds from the beginning of the run. */
export type PlannedFault = { at: number } & Fault;

type Draw = (random: Random) => Fault;
const pause = (random: Random) => random.integer(300, 5_000);
const down = (random: Random) => random.integer(0, 1_500);
/** Longer than the oldest data is kept, and than any token is valid. */
const jump = (random: Random) => random.pick([-130, 130]) * 86_400;

/** One card of each kind, or several of the more frequent. A deck is shuffled and used up before the next one. */
const deck: readonly Draw[] = [
  ...Array.from({ length: 3 }, (): Draw => (random) => ({ kind: 'kill', target: random.pick(workers), downMs: down(random) })),
  (random) => ({ kind: 'kill', target: random.pick(apis), downMs: down(random) }),
  (random) => ({ kind: 'kill', target: 'gateway', downMs: down(random) }),
  (random) => ({ kind: 'terminate', target: random.pick(serverNames), downMs: down(random) }),
  (random) => ({ kind: 'clock', target: random.pick(serverNames), downMs: down(random), offSeconds: random.integer(-12, 12) }),
  (random) => ({ kind: 'clock.jump', target: random.pick(serverNames), ms: pause(random), offSeconds: jump(random) }),
  (random) => ({ kind: 'clock.start', target: random.pick(serverNames), ms: pause(random), offSeconds: jump(random) }),
  (random) => ({ kind: 'memory', target: random.pick(workers), downMs: down(random) }),
  (random) => ({ kind: 'freeze', target: random.pick(workers), ms: random.integer(1_000, 8_000) }),
  (random) => ({ kind: 'freeze', target: random.pick(serverNames), ms: pause(random) }),
  () => ({ kind: 'postgres.kill' }),
  () => ({ kind: 'postgres.killBackend' }),
  () => ({ kind: 'postgres.restart' }),
  (random) => ({ kind: 'postgres.terminateBackends', share: random.next() }),
  (random) => ({ kind: 'postgres.freeze', ms: random.integer(300, 3_000) }),
  (random) => ({ kind: 'link.cut', link: random.pick(linkNames), ms: pause(random) }),
  (random) => ({ kind: 'link.blackHole', link: random.pick(linkNames), ms: random.integer(1_000, 8_000) }),
  (random) => ({ kind: 'link.forget', link: random.pick(linkNames), ms: random.integer(0, 2_000) }),
  (random) => ({
    kind: 'link.slow',
    link: random.pick(linkNames),
    ms: pause(random),
    delayMs: random.integer(5, 120),
    bytesPerSecond: random.integer(100_000, 2_000_000),
  }),
  (random) => ({ kind: 'disk.postgres', ms: pause(random), share: random.pick([0.1, 0.5, 1]) }),
  (random) => ({ kind: 'flush.hang', ms: pause(random) }),
  (random) => ({ kind: 'disk.storage', ms: pause(random) }),
  (random) => ({ kind: 'storage.blackHole', ms: random.integer(1_000, 16_000) }),
  (random) => ({ kind: 'pool.flood', ms: pause(random) }),
  () => ({ kind: 'pool.lock', ms: 20_000 }),
  ...(['429', '500', 'hang', 'cut', 'garbage', 'slow'] as const).map((mode): Draw => (random) => ({
    kind: 'vendor',
    mode,
    ms: random.integer(500, 2_500),
  })),
  (random) => ({ kind: 'tools', mode: random.pick(['500', 'hang', 'cut', 'garbage', 'slow'] as const), ms: random.integer(500, 2_500) }),
  (random) => ({ kind: 'receiver', mode: random.pick(['500', 'hang', 'cut'] as const), ms: pause(random) }),
];

/**
 * The faults of a run. Depends on nothing but the arguments; a longer run begins with the faults of a shorter one. `kinds` leaves out all others.
 */
export function planFaults(seed: number, seconds: number, kinds?: readonly string[]): PlannedFault[] {
  const random = seededRandom(seed);
  const planned: PlannedFault[] = [];
  let cards: Draw[] = [];
  for (let at = 1_000; at < seconds * 1_000;) {
    if (cards.length === 0) cards = random.shuffle(deck);
    const fault = cards.pop()!(random);
    if (kinds && !kinds.includes(fault.kind)) continue;
    planned.push({ at, ...fault });
    at += random.integer(500, 6_000);
  }
  return planned;
}

/** One fault of each kind, in the order of their names. */
export function planEach(seed: number, kinds?: readonly string[]): Fault[] {
  const random = seededRandom(seed);
  const byKind = new Map(
    random
      .shuffle(deck)
      .map((draw) => draw(random))
      .map((fault) => [fault.kind, fault]),
  );
  return [...byKind.values()].filter(({ kind }) => !kinds || kinds.includes(kind)).toSorted((a, b) => a.kind.localeCompare(b.kind));
}

export const describe = ({ kind, ...rest }: Fault) => `${kind} ${Object.values(rest).join(' ')}`.trimEnd();

export const describeFault = ({ at, ...fault }: PlannedFault) => `${(at / 1_000).toFixed(1)} s ${describe(fault)}`;
