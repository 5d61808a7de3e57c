import { parseArgs } from 'node:util';
import { trimEnd } from '../../contract/shared/text.ts';
import { type Operation, operations } from './operations.ts';
import { KitError } from './people.ts';
import { rules } from './rules.ts';

export type KitOptions = {
  url: string;
  token: string | undefined;
  login: string | undefined;
  password: string | undefined;
  /** Paths of the report files. */
  report: string | undefined;
  junit: string | undefined;
  /** Names, areas or patterns of operations. Empty: all. */
  only: string[];
  /** Folders of manifests. Not empty: only what these consumers use is checked. */
  consumers: string[];
  checksHeaders: boolean;
  github: boolean;
  quiet: boolean;
  heartbeatMs: number;
  runMs: number;
  message: string;
  idleMessage: string | undefined;
};

const usage = `Checks over HTTP whether a server implements the Arkloop API: every response must be one that the contract promises.

  arkloop-conformance --url http://localhost:19000

Who calls:
  --url URL            the server
  --login NAME         sign in as this user, with --password (or ARKLOOP_CONFORMANCE_PASSWORD); otherwise the kit registers one.
                       A platform administrator can check more operations, and delete the users that the kit registers
  --password PASSWORD
  --token TOKEN        an access token instead of --login

What is checked:
  --only PATTERN       an operation, an area or a pattern: runs.events, threads, 'me.*'. Repeatable, or separated by commas
  --consumers DIR      only what the consumers use whose manifests are in this folder. Repeatable
  --headers            also the security headers, which protect browsers
  --message TEXT       the message that runs answer (default "Hello!")
  --idle-message TEXT  a message after which the run sends nothing for longer than the heartbeat; without it, heartbeats are not checked
  --heartbeat SECONDS  how often a silent stream sends a comment (default 15)
  --run-timeout SECONDS  longest time of a run (default 60)

What is reported:
  --quiet              only findings and the summary
  --report FILE        coverage and findings as JSON
  --junit FILE         the same as JUnit XML
  --github             findings as annotations of GitHub Actions (default where GITHUB_ACTIONS is set)
  --list               the operations
  --rules              the rules
  --help

What the kit creates is named sample-… or conformance-… and is deleted at the end, also after Ctrl-C. Users can be deleted by a platform
administrator only. Do not check a server with production data.
Exit status: 0 no findings, 1 findings, 2 the check could not run, 130 interrupted.
`;

/** Text to print instead of a check. */
export type Printed = { print: string };

/** Throws a KitError for invalid arguments. */
export function readOptions(args: string[], env: NodeJS.ProcessEnv): KitOptions | Printed {
  const values = parse(args);
  if (values.help) return { print: usage };
  if (values.rules) return { print: table(Object.entries(rules)) };
  if (values.list) return { print: table(operations.map(({ id, title }) => [id, title])) };
  const url = values.url ?? '';
  if (!/^https?:\/\/[^/]/.test(url) || !URL.canParse(url))
    throw new KitError('--url wants an address like http://localhost:19000. See --help.');
  const password = values.password ?? env.ARKLOOP_CONFORMANCE_PASSWORD;
  if (values.login !== undefined && !password) throw new KitError('--login wants --password.');
  if (values.login !== undefined && values.token !== undefined) throw new KitError('--login and --token exclude each other.');
  return {
    url: trimEnd(url, '/'),
    token: values.token,
    login: values.login,
    password,
    report: values.report,
    junit: values.junit,
    only: values.only.flatMap((list) => list.split(',')).filter(Boolean),
    consumers: values.consumers,
    checksHeaders: values.headers,
    github: values.github || Boolean(env.GITHUB_ACTIONS),
    quiet: values.quiet,
    heartbeatMs: secondsOf('--heartbeat', values.heartbeat),
    runMs: secondsOf('--run-timeout', values['run-timeout']),
    message: values.message,
    idleMessage: values['idle-message'],
  };
}

/** The operations that the patterns name; all without a pattern. Throws a KitError for a pattern that names none. */
export function chooseOperations(patterns: readonly string[]): Operation[] {
  if (patterns.length === 0) return operations;
  const chosen = patterns.map((pattern) => operations.filter(({ id }) => matches(pattern, id)));
  const unknown = patterns.filter((_, at) => chosen[at]!.length === 0);
  if (unknown.length > 0) throw new KitError(`there is no operation ${unknown.join(', ')}. See --list.`);
  return operations.filter((operation) => chosen.some((list) => list.includes(operation)));
}

/** `*` stands for any characters. A pattern without a dot is an area. */
function matches(pattern: string, id: string): boolean {
  const whole = pattern.includes('.') || pattern === '*' ? pattern : `${pattern}.*`;
  const [first = '', ...parts] = whole.split('*');
  const last = parts.pop();
  if (last === undefined) return id === first;
  if (!id.startsWith(first) || !id.endsWith(last) || id.length < first.length + last.length) return false;
  let at = first.length;
  return parts.every((part) => {
    const found = id.indexOf(part, at);
    at = found + part.length;
    return found >= 0 && at <= id.length - last.length;
  });
}

const table = (rows: [string, string][]) => {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, text]) => `${name.padEnd(width)}  ${text}\n`).join('');
};

function secondsOf(name: string, text: string): number {
  if (!/^\d{1,5}(\.\d{1,3})?$/.test(text) || Number(text) <= 0) throw new KitError(`${name} wants a number of seconds, not "${text}".`);
  return Number(text) * 1_000;
}

function parse(args: string[]) {
  const text = { type: 'string' } as const;
  const list = { type: 'string', multiple: true, default: [] as string[] } as const;
  const flag = { type: 'boolean', default: false } as const;
  const options = {
    ...{ url: text, token: text, login: text, password: text, report: text, junit: text },
    only: list,
    consumers: list,
    message: { type: 'string', default: 'Hello!' } as const,
    'idle-message': text,
    heartbeat: { type: 'string', default: '15' } as const,
    'run-timeout': { type: 'string', default: '60' } as const,
    ...{ headers: flag, github: flag, quiet: flag, list: flag, rules: flag },
    help: { ...flag, short: 'h' },
  };
  try {
    return parseArgs({ args, options }).values;
  } catch (error) {
    throw new KitError(`${(error as Error).message.split('. ')[0]}. See --help.`);
  }
}
