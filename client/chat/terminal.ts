import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

export type Terminal = {
  /** Whether standard input is a TTY. */
  readonly interactive: boolean;
  /** The lines typed at the prompt, until the end of input or `close`. */
  lines(): AsyncIterable<string>;
  ask(question: string, signal?: AbortSignal): Promise<string>;
  /** Does not echo the input. */
  askSecret(question: string): Promise<string>;
  /** Sets the handler of Ctrl-C. */
  onInterrupt(act: () => void): void;
  close(): void;
};

/** Takes over standard input. Prompts go to standard error, so that standard output contains answers only. */
export function openTerminal(): Terminal {
  const interactive = process.stdin.isTTY === true;
  let muted = false;
  const screen = new Writable({
    write(chunk, _encoding, done) {
      if (!muted) process.stderr.write(chunk);
      done();
    },
  });
  // readline reads `columns` from its output stream.
  Object.defineProperty(screen, 'columns', { get: () => process.stderr.columns });
  const reader = createInterface({ input: process.stdin, output: screen, terminal: interactive, prompt: '> ' });
  let closed = false;
  reader.once('close', () => {
    closed = true;
  });
  const prompt = () => {
    if (interactive && !closed) reader.prompt();
  };
  return {
    interactive,
    async *lines() {
      prompt();
      for await (const line of reader) {
        yield line;
        prompt();
      }
    },
    ask: (question, signal) => (signal ? reader.question(question, { signal }) : reader.question(question)),
    async askSecret(question) {
      process.stderr.write(question);
      muted = true;
      try {
        return await reader.question('');
      } finally {
        muted = false;
        process.stderr.write('\n');
      }
    },
    onInterrupt(act) {
      reader.on('SIGINT', act);
      if (!interactive) process.on('SIGINT', act);
    },
    close: () => reader.close(),
  };
}
