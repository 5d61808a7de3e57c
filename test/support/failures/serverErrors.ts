import { type Logger, pino } from 'pino';

/** Errors that the servers of this process have logged since the start of the current test: the last few, a line each. */
const logged: string[] = [];
const maxLogged = 3;

const textOf = ({ msg, err }: { msg?: string; err?: { stack?: string } }) =>
  [msg, err?.stack?.split('\n', 4).join(' ')].filter(Boolean).join(': ').replaceAll(/\s+/gu, ' ');

const keep = {
  write(line: string) {
    logged.push(textOf(JSON.parse(line)));
    if (logged.length > maxLogged) logged.shift();
  },
};

/** The log of a server under test: silent, or of the level `TEST_LOG` on standard output. Its errors are kept for the summary of a failed test. */
export function createTestLog(): Logger {
  const level = process.env.TEST_LOG;
  return level ? pino({ level }) : pino({ level: 'error' }, keep);
}

export const clearServerErrors = (): void => void logged.splice(0);
export const serverErrors = (): string[] => [...logged];
