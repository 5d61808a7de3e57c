import { parseArgs } from 'node:util';
import { trimEnd } from '../../contract/shared/trim.ts';
import { KitError } from './people.ts';

export type KitOptions = {
  url: string;
  token: string | undefined;
  login: string | undefined;
  password: string | undefined;
  /** Path of the JSON coverage report. */
  report: string | undefined;
  areas: string[];
  /** Folders of manifests: only what these consumers use is checked. */
  consumers: string[];
  checksHeaders: boolean;
  help: boolean;
};

export const usage = `Examine a server that claims to serve the Arkloop API: every answer it gives must be one that the contract promises.

  arkloop-conformance --url http://127.0.0.1:19001

  --url URL        the server
  --login NAME     sign in as somebody, with --password (or ARKLOOP_CONFORMANCE_PASSWORD);
                   an administrator of the platform sees more of it
  --token TOKEN    an access token instead
  --only A,B       these areas alone: threads,runs
  --consumers DIR  only what the consumers use whose manifests are in this folder; may be repeated
  --headers        also the headers that keep browsers from doing harm
  --report FILE    the coverage as JSON
  --help

Without a sign-in it registers somebody. It leaves behind what it makes: people called conformance-…, threads, projects and more
called sample-….
Exit status 0: no violation; 1: violations; 2: it could not be examined.
`;

/** Throws a KitError for invalid arguments. */
export function readOptions(args: string[], env: NodeJS.ProcessEnv): KitOptions {
  const values = parse(args);
  if (values.help) return { ...nothing, help: true };
  const url = values.url ?? '';
  if (!/^https?:\/\/[^/]/.test(url) || !URL.canParse(url))
    throw new KitError('--url wants an address like http://127.0.0.1:19001. See --help.');
  const password = values.password ?? env.ARKLOOP_CONFORMANCE_PASSWORD;
  if (values.login !== undefined && !password) throw new KitError('--login wants --password.');
  if (values.login !== undefined && values.token !== undefined) throw new KitError('--login and --token exclude each other.');
  return {
    url: trimEnd(url, '/'),
    token: values.token,
    login: values.login,
    password,
    report: values.report,
    areas: values.only?.split(',').filter(Boolean) ?? [],
    consumers: values.consumers ?? [],
    checksHeaders: values.headers,
    help: false,
  };
}

const nothing = {
  url: '',
  token: undefined,
  login: undefined,
  password: undefined,
  report: undefined,
  areas: [],
  consumers: [],
  checksHeaders: false,
};

function parse(args: string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const options = {
    url: text,
    token: text,
    login: text,
    password: text,
    report: text,
    only: text,
    consumers: { ...text, multiple: true } as const,
    headers: flag,
    help: { ...flag, short: 'h' },
  };
  try {
    return parseArgs({ args, options }).values;
  } catch (error) {
    throw new KitError(`${(error as Error).message.split('. ')[0]}. See --help.`);
  }
}
