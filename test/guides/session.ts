import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { machinePath } from '../support/app/programs.ts';
import { differenceOf, httpDifferenceOf, missingLines } from './differences.ts';
import { fileOf, isProgram, root, type Snippet, snippetsOf, whyNotRun } from './snippets.ts';

/** Addresses in the documents, replaced by those of the test servers. */
const shownUrl = 'http://localhost:19000';
const shownPort = '19090';
const shownVendor = 'https://api.openai.com';

/** The shell exits at the first error. Snippets cannot install packages. */
const precautions = 'set -eu; npm() { echo "npm is not for this shell" >&2; return 1; }';

/** A command of a document, its output, and the responses that the document shows for it. */
export type CommandResult = { snippet: Snippet; output: string; shown: Snippet[] };

/** The Node.js that runs the programs, and the packages beside them. By default this one, with the sources of the client. */
type Runtime = { node: string; modules: string; preload?: string };
const ownRuntime: Runtime = {
  node: process.execPath,
  modules: join(root, 'node_modules'),
  preload: new URL('./resolve.ts', import.meta.url).href,
};

/** The test servers that replace the addresses in a document. */
export type TestServers = { url: string; vendorUrl: string; receiverPort: number };

/** The commands of a document with the responses shown after each. */
export function commandsOf(document: string): { command: Snippet; shown: Snippet[] }[] {
  const commands: { command: Snippet; shown: Snippet[] }[] = [];
  for (const snippet of snippetsOf(document)) {
    const program = isProgram(snippet) ? { ...snippet, text: `node ${fileOf(snippet)}\n` } : undefined;
    if (program || snippet.lang === 'sh') commands.push({ command: program ?? snippet, shown: [] });
    else if (['json', 'http', 'text'].includes(snippet.lang) && snippet.info === '') commands.at(-1)?.shown.push(snippet);
  }
  return commands;
}

/** Runs the commands of a document in one shell, in order. Throws if one fails or if they take longer than 25 s. */
export async function runDocument(
  document: string,
  { url, vendorUrl, receiverPort }: TestServers,
  runtime = ownRuntime,
): Promise<CommandResult[]> {
  const local = (shown: string) =>
    shown.replaceAll(shownUrl, url).replaceAll(shownVendor, vendorUrl).replaceAll(shownPort, String(receiverPort));
  const folder = mkdtempSync(join(tmpdir(), 'arkloop-guide-'));
  try {
    symlinkSync(runtime.modules, join(folder, 'node_modules'));
    for (const snippet of snippetsOf(document)) save(folder, snippet, local);
    const commands = commandsOf(document).filter(({ command }) => !whyNotRun(command));
    const script = commands.map(({ command }, index) => `printf '\\n\\036%d\\n' ${index}\n${local(command.text)}`).join('\n');
    const output = (await bash(`${precautions}\n${script}`, folder, runtime))
      .replaceAll(url, shownUrl)
      .replaceAll(String(receiverPort), shownPort);
    const parts = output.split(/\n\x1e\d+\n/).slice(1);
    return commands.map(({ command, shown }, index) => ({ snippet: command, output: parts[index] ?? '', shown }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function save(folder: string, snippet: Snippet, local: (shown: string) => string) {
  const file = fileOf(snippet);
  if (!file) return;
  const path = join(folder, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, local(snippet.text));
}

async function bash(script: string, cwd: string, { node, preload }: Runtime): Promise<string> {
  const shell = spawn('bash', ['-s'], {
    cwd,
    // A separate process group, so that background processes of the document can be killed too.
    detached: true,
    env: {
      PATH: `${dirname(node)}${delimiter}${machinePath()}`,
      HOME: cwd,
      ...(preload && { NODE_OPTIONS: `--import=${preload}` }),
      NODE_NO_WARNINGS: '1',
      ...(process.env.NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE }),
    },
  });
  const [output, complaints] = [text(shell.stdout), text(shell.stderr)];
  shell.stdin.end(script);
  const end = () => {
    try {
      process.kill(-shell.pid!, 'SIGKILL');
    } catch {
      // No process of the group is left.
    }
  };
  const late = setTimeout(end, 25_000);
  const code = await new Promise((resolve) => shell.once('exit', resolve));
  clearTimeout(late);
  end();
  if (code !== 0) throw new Error(`The shell ended with ${code}.\n${await complaints}\n${await output}`);
  return output;
}

/** Differences between the output of a command and the responses shown for it. */
export function faults({ snippet, output, shown }: CommandResult): string[] {
  const place = `${snippet.document}:${snippet.line}`;
  const wrong = shown.flatMap(({ lang, text, line }) => {
    const at = `${snippet.document}:${line}`;
    if (lang === 'text') return missingLines(text, output).map((each) => `${at}: ${each} is not in\n${output}`);
    const why = lang === 'http' ? httpDifferenceOf(text, output) : differenceOf(JSON.parse(text), JSON.parse(lastLine(output)));
    return why === undefined ? [] : [`${at}: ${why}`];
  });
  // An error response that the document does not show means that the command failed.
  if (shown.length === 0 && /"trace_id":.*"details":/.test(output)) wrong.push(`${place}: ${output}`);
  if (isProgram(snippet) && output.trim() === '') wrong.push(`${place}: the program says nothing`);
  return wrong;
}

const lastLine = (text: string) => text.trim().split('\n').at(-1)!;
