import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

/** The keyboard, or whatever is piped in instead. */
export type Terminal = {
  /** Whether a person sits in front of it. */
  readonly interactive: boolean;
  /** The lines typed at the prompt, until the end of input or `close`. */
  lines(): AsyncIterable<string>;
  ask(question: string, signal?: AbortSignal): Promise<string>;
  /** The same without showing what is typed. */
  askSecret(question: string): Promise<string>;
  /** What Ctrl-C does. */
  onInterrupt(act: () => void): void;
  close(): void;
};

/** Takes over standard input; prompts go to standard error, so that standard output holds answers only. */
export function openTerminal(): Terminal {
  const interactive = process.stdin.isTTY === true;
  let muted = false;
  const screen = new Writable({
    write(chunk, _encoding, done) {
      if (!muted) process.stderr.write(chunk);
      done();
    },
  });
  // The line editor asks its output how wide it is.
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
