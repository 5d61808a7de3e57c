import { Worker } from 'node:worker_threads';
import { ToolFailure } from '../tool.ts';

/** A glob that selects paths, and a regular expression in RE2 syntax that selects lines. */
export type SearchSettings = { glob?: string | undefined; pattern?: string | undefined; ignoreCase?: boolean };

export type FoundLine = { line: number; text: string };

/** Paths to filter, or the content of a file to search for up to `most` lines. */
export type SearchQuestion = { paths: readonly string[] } | { bytes: Uint8Array; most: number };

/** `lines` is undefined for a binary file. */
export type SearchAnswer = { paths: string[] } | { lines: FoundLine[] | undefined } | { invalid: string };

export type Search = {
  filterPaths(paths: readonly string[]): Promise<string[]>;
  findLines(bytes: Uint8Array, most: number): Promise<FoundLine[] | undefined>;
} & AsyncDisposable;

const maxMemoryMb = 256;
/** Longest search. The expressions match in linear time, but a large one on many bytes still takes long. */
const maxSearchMs = 20_000;

/**
 * Searches in a thread of its own, which is ended after 20 s or when the signal aborts, so that a search never holds up other runs. Invalid
 * expressions throw `tool.args_invalid`.
 */
export function openSearch(settings: SearchSettings, signal: AbortSignal): Search {
  const thread = new Worker(new URL('./searchThread.ts', import.meta.url), {
    workerData: settings,
    execArgv: [],
    env: {},
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: maxMemoryMb },
  });
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => {});
  const tooLong = setTimeout(
    () => failure.reject(new ToolFailure('tool.execution_failed', `The search took more than ${maxSearchMs / 1_000} s.`)),
    maxSearchMs,
  );
  const leave = () => failure.reject(signal.reason);
  if (signal.aborted) leave();
  signal.addEventListener('abort', leave);
  thread.once('error', () => failure.reject(new ToolFailure('tool.execution_failed', 'The search needs too much memory.')));
  thread.on('message', (answer: SearchAnswer) => {
    if ('invalid' in answer) failure.reject(new ToolFailure('tool.args_invalid', answer.invalid));
  });
  const ask = <T>(question: SearchQuestion) => {
    const answer = new Promise<T>((resolve) => thread.once('message', resolve));
    thread.postMessage(question);
    return Promise.race([answer, failure.promise]);
  };
  return {
    async filterPaths(paths) {
      const answer = await ask<{ paths?: string[] }>({ paths });
      return answer.paths ?? failure.promise;
    },
    findLines: async (bytes, most) => (await ask<{ lines: FoundLine[] | undefined }>({ bytes, most })).lines,
    async [Symbol.asyncDispose]() {
      clearTimeout(tooLong);
      signal.removeEventListener('abort', leave);
      await thread.terminate();
    },
  };
}
