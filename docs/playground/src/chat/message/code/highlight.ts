import { useEffect, useState } from 'react';
import { type LanguageId, languageOf } from './languages.ts';

/** A piece of code with the color of `--code-KIND`; an empty kind has the color of the text. */
export type Token = { readonly kind: string; readonly text: string };
export type HighlightRequest = { id: number; text: string; language: LanguageId };
/** `lines` is undefined if the code could not be highlighted. */
export type HighlightResponse = { id: number; lines: Token[][] | undefined };

/** Longer code stays plain. */
const maxCharacters = 200_000;
const maxKept = 200;

let worker: Worker | undefined;
let count = 0;
const waiting = new Map<number, (lines: Token[][] | undefined) => void>();
/** The latest results, so that code is not highlighted again when it is rendered elsewhere. */
const kept = new Map<string, readonly Token[][]>();

/** Highlighting takes tens of milliseconds for long code: a worker does it, so that the page stays responsive. */
function start(): Worker {
  const started = new Worker(new URL('./highlightWorker.ts', import.meta.url), { type: 'module' });
  started.addEventListener('message', ({ data }: MessageEvent<HighlightResponse>) => {
    waiting.get(data.id)?.(data.lines);
    waiting.delete(data.id);
  });
  // Without the worker, code stays plain.
  started.addEventListener('error', () => waiting.clear());
  return started;
}

/** The tokens of the lines; undefined until they are known, for unknown languages, and while `isComplete` is false. */
export function useHighlighting(text: string, name: string, isComplete: boolean): readonly Token[][] | undefined {
  const language = isComplete && text.length <= maxCharacters ? languageOf(name) : undefined;
  const key = `${language}\n${text}`;
  const [found, setFound] = useState<{ key: string; lines: readonly Token[][] }>();
  const lines = found?.key === key ? found.lines : kept.get(key);
  const isKnown = lines !== undefined;
  useEffect(() => {
    if (!language || isKnown) return;
    worker ??= start();
    const id = ++count;
    waiting.set(id, (tokens) => {
      if (!tokens) return;
      kept.set(key, tokens);
      if (kept.size > maxKept) kept.delete(kept.keys().next().value!);
      setFound({ key, lines: tokens });
    });
    worker.postMessage({ id, text, language } satisfies HighlightRequest);
    return () => void waiting.delete(id);
  }, [key, text, language, isKnown]);
  return language ? lines : undefined;
}
