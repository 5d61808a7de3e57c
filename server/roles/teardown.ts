import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../kernel/log.ts';

type Stop = { name: string; stop(): Promise<unknown>; patience: number | undefined };

/** What was started and has to be ended: members of one layer together, the layers one after the other, the newest first. */
export type Teardown = {
  /** `patience` in milliseconds, that of all others unless given. */
  add(layer: number, name: string, stop: () => Promise<unknown>, patience?: number): void;
  run(log: Log | undefined): Promise<void>;
  /** End one layer now, without waiting for those above it. */
  force(layer: number): Promise<void>;
};

/** Collect stops; each gets `patience` milliseconds, and one that fails or hangs does not keep the rest from ending. */
export function newTeardown(patience = 15_000): Teardown {
  const layers = new Map<number, Stop[]>();
  let running: Promise<void> | undefined;

  async function end({ name, stop, patience: own = patience }: Stop, log: Log | undefined, limit = own) {
    const late = sleep(limit, 'late', { ref: false });
    try {
      if ((await Promise.race([stop(), late])) === 'late') log?.error({ part: name }, 'did not end in time');
    } catch (error) {
      log?.error({ err: error, part: name }, 'did not end well');
    }
  }

  async function all(log: Log | undefined) {
    for (const [, stops] of [...layers].sort(([left], [right]) => right - left)) {
      await Promise.all(stops.map((each) => end(each, log)));
    }
  }

  return {
    add: (layer, name, stop, own) => void layers.set(layer, [...(layers.get(layer) ?? []), { name, stop, patience: own }]),
    run: (log) => {
      running ??= all(log);
      return running;
    },
    force: async (layer) => {
      await Promise.all((layers.get(layer) ?? []).map((each) => end(each, undefined, 3_000)));
    },
  };
}
