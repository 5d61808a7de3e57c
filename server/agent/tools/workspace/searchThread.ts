import { parentPort, workerData } from 'node:worker_threads';
import { RE2JS } from 're2js';
import { globToPattern } from './globPattern.ts';
import type { FoundLine, SearchAnswer, SearchQuestion, SearchSettings } from './search.ts';

/** Characters of a line in a result, and those of them before the match. */
const [maxLineChars, charsBefore] = [300, 100];

const { glob, pattern, ignoreCase } = workerData as SearchSettings;

/** Reports an invalid expression. The search then ends this thread. */
function compile<T>(what: string, make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    parentPort!.postMessage({ invalid: `${what}: ${(error as Error).message}` } satisfies SearchAnswer);
    return undefined;
  }
}

const paths = glob === undefined ? undefined : compile('glob', () => RE2JS.compile(globToPattern(glob), RE2JS.DOTALL));
const lines = pattern === undefined ? undefined : compile('pattern', () => RE2JS.compile(pattern, ignoreCase ? RE2JS.CASE_INSENSITIVE : 0));

/** The text of a file; undefined for binary files. */
function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function findLines(text: string, most: number): FoundLine[] {
  const found: FoundLine[] = [];
  let number = 0;
  for (const line of text.split('\n')) {
    number++;
    const matcher = lines!.matcher(line.endsWith('\r') ? line.slice(0, -1) : line);
    if (!matcher.find()) continue;
    const from = line.length <= maxLineChars ? 0 : Math.max(0, Math.min(matcher.start() - charsBefore, line.length - maxLineChars));
    found.push({
      line: number,
      text: line
        .slice(from, from + maxLineChars)
        .toWellFormed()
        .trimEnd(),
    });
    if (found.length >= most) break;
  }
  return found;
}

parentPort!.on('message', (question: SearchQuestion) => {
  if ((glob !== undefined && !paths) || (pattern !== undefined && !lines)) return;
  if ('paths' in question) return parentPort!.postMessage({ paths: question.paths.filter((path) => !paths || paths.matcher(path).find()) });
  const text = textOf(question.bytes);
  return parentPort!.postMessage({ lines: text === undefined ? undefined : findLines(text, question.most) } satisfies SearchAnswer);
});
