import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { trimEnd } from '../../contract/shared/text.ts';

export type ChatOptions = {
  api: string;
  /** Path of the file with the stored credentials of each server. */
  file: string;
  /** A single question, asked without a prompt; undefined for a conversation. */
  question: string | undefined;
  thread: string | undefined;
  model: string | undefined;
  json: boolean;
  login: boolean;
  help: boolean;
};

/** An error that the user can fix; printed as one line. */
export class ChatError extends Error {
  override readonly name = 'ChatError';
}

export const usage = `Talk to an agent in the terminal.

  npm run chat                      a conversation
  npm run chat -- "a question"      one question; exit status 0 when it was answered

  --api URL      the server, otherwise ARKLOOP_API_URL or http://localhost:19000
  --thread ID    go on with a thread
  --model NAME   "provider^model", or a model alone
  --login        sign in as a user that exists, and remember it
  --json         the events of each run, one a line
  --help

Ctrl-C stops an answer; at the prompt Ctrl-C or Ctrl-D leaves.
`;

/** Throws a ChatError for invalid arguments. */
export function readOptions(args: string[], env: NodeJS.ProcessEnv): ChatOptions {
  const { values, positionals } = parse(args);
  const api = values.api || env.ARKLOOP_API_URL || 'http://localhost:19000';
  if (!/^https?:\/\/[^/]/.test(api) || !URL.canParse(api))
    throw new ChatError(`--api wants an address like http://localhost:19000, not "${api}".`);
  return {
    api: trimEnd(api, '/'),
    file: join(resolve(env.ARKLOOP_DATA_DIR || '.arkloop'), 'chat.json'),
    question: positionals.join(' ').trim() || undefined,
    thread: values.thread,
    model: values.model,
    json: values.json,
    login: values.login,
    help: values.help,
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        api: { type: 'string' },
        thread: { type: 'string' },
        model: { type: 'string' },
        json: { type: 'boolean', default: false },
        login: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new ChatError(`${(error as Error).message.split('. ')[0]}. See --help.`);
  }
}
