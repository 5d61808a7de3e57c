import { stat } from 'node:fs/promises';

/** Time between two looks at the files, in milliseconds. A change takes effect after at most two. */
const usualPollMs = 1_000;

/** What the files contained when they were opened, and what they contain after a change. */
export type WatchedFiles<T> = {
  initial: T;
  /** `onFailed` gets each message once in a row. */
  watch(onChange: (value: T) => void, onFailed: (error: Error) => void): { close(): void };
};

/**
 * Reads files now, and again after a change. A change counts once a whole interval has passed without another one, also during the reading:
 * of files that are being written, even parts can be valid, such as a certificate without the others of its chain. A reading that fails is repeated
 * until it succeeds: a file can become readable, and a certificate valid, without another change. Compares the files instead of waiting for events,
 * which miss links that are replaced, as for secrets of Kubernetes.
 */
export async function openFiles<T>(files: readonly string[], read: () => Promise<T>, pollMs = usualPollMs): Promise<WatchedFiles<T>> {
  let known = await stampOf(files);
  let changing = known;
  let failure: string | undefined;
  const initial = await read();

  async function readChange(): Promise<T | undefined> {
    const stamp = await stampOf(files);
    const isSettled = stamp === changing;
    changing = stamp;
    if (stamp === known || !isSettled) return undefined;
    const value = await read();
    changing = await stampOf(files);
    if (changing !== stamp) return undefined;
    known = stamp;
    failure = undefined;
    return value;
  }
  return {
    initial,
    watch: (onChange, onFailed) =>
      poll(pollMs, async () => {
        try {
          const value = await readChange();
          if (value !== undefined) onChange(value);
        } catch (error) {
          const { message } = error as Error;
          if (message !== failure) onFailed(error as Error);
          failure = message;
        }
      }),
  };
}

/** Calls `look` `ms` after it has ended the last time: calls never overlap, however slow a file system is. */
export function poll(ms: number, look: () => Promise<void>): { close(): void } {
  let isClosed = false;
  let timer = setTimeout(run, ms).unref();
  function run() {
    look().then(again, again);
  }
  function again() {
    if (!isClosed) timer = setTimeout(run, ms).unref();
  }
  return {
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}

/** Follows links. A missing file has a stamp of its own, so that it is reported. */
async function stampOf(files: readonly string[]): Promise<string> {
  const stamps = files.map((file) =>
    stat(file).then(
      ({ ino, mtimeMs, size }) => `${ino} ${mtimeMs} ${size}`,
      () => 'missing',
    ),
  );
  return (await Promise.all(stamps)).join();
}
