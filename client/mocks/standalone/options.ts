import { parseArgs } from 'node:util';
import { controlHelp } from './control.ts';

export type ServerOptions = { port: number; seed: number; stepMs: number; credits: number; allowedOrigins: string[]; help: boolean };

/** An error that the user can fix; printed as one line. */
export class OptionError extends Error {}

export const usage = `The API without a database: everything that is sent to it is kept in memory.

  npx arkloop-mock        (in the repository: npm run mock)

  --port N      the port on 127.0.0.1, 19080 unless given; 0 is any that is free
  --seed N      what is invented follows from it, 1 unless given
  --step-ms N   milliseconds between two events of a run, 20 unless given
  --credits N   credits of a new user, 1000 unless given
  --origin URL  pages of this origin may sign in too, not only those of this machine; can be given again
  --help

Webhooks are sent to addresses of this machine. These requests control the mock; pages of other origins may not send them:

${controlHelp}`;

/** Throws an OptionError for invalid arguments. */
export function readOptions(args: string[]): ServerOptions {
  const { port, seed, 'step-ms': stepMs, credits, origin: allowedOrigins, help } = parse(args);
  return {
    port: whole('--port', port, 65_535),
    seed: whole('--seed', seed, 2 ** 31 - 1),
    stepMs: whole('--step-ms', stepMs, 60_000),
    credits: whole('--credits', credits, 1e9),
    allowedOrigins,
    help,
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        port: { type: 'string', default: '19080' },
        seed: { type: 'string', default: '1' },
        credits: { type: 'string', default: '1000' },
        'step-ms': { type: 'string', default: '20' },
        origin: { type: 'string', multiple: true, default: [] },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new OptionError(`${(error as Error).message.split('. ')[0]}. See --help.`);
  }
}

function whole(option: string, text: string, most: number): number {
  if (!/^\d{1,10}$/.test(text) || Number(text) > most) throw new OptionError(`${option} wants a number from 0 to ${most}, not "${text}".`);
  return Number(text);
}
