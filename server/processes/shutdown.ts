import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../platform/telemetry/log.ts';

type Stop = { name: string; stop(): Promise<unknown>; timeoutMs: number | undefined };

/** Ordered shutdown: one layer after the other, the highest first; members of a layer in parallel. */
export type Teardown = {
  /** `timeoutMs` is the time limit in milliseconds. Defaults to that of `newTeardown`. */
  add(layer: number, name: string, stop: () => Promise<unknown>, patience?: number): void;
  run(log: Log | undefined): Promise<void>;
  /** Stops one layer now, without waiting for those above it. */
  force(layer: number): Promise<void>;
};

/** `timeoutMs` is the time limit of each stop in milliseconds. A stop that fails or hangs does not prevent the others. */
export function newTeardown(patience = 15_000): Teardown {
  const layers = new Map<number, Stop[]>();
  let running: Promise<void> | undefined;

  async function end({ name, stop, timeoutMs: own = patience }: Stop, log: Log | undefined, limit = own) {
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
    add: (layer, name, stop, own) => void layers.set(layer, [...(layers.get(layer) ?? []), { name, stop, timeoutMs: own }]),
    run: (log) => {
      running ??= all(log);
      return running;
    },
    force: async (layer) => {
      await Promise.all((layers.get(layer) ?? []).map((each) => end(each, undefined, 3_000)));
    },
  };
}
