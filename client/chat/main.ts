import { ApiError, ConnectionError } from '../index.ts';
import { openClient, type SignInPrompts } from './account.ts';
import { type Conversation, openConversation } from './conversation.ts';
import { ChatError, type ChatOptions, readOptions, usage } from './options.ts';
import type { Output } from './printer.ts';
import { openTerminal, type Terminal } from './terminal.ts';

const output: Output = {
  out: (text) => void process.stdout.write(text),
  note: (line) => void process.stderr.write(`${line}\n`),
};

async function main(options: ChatOptions): Promise<number> {
  if (options.help) {
    output.out(usage);
    return 0;
  }
  const { prompts, close } = signInPrompts(options.login);
  const client = await openClient(options.api, options.file, prompts).finally(close);
  const terminal = options.question === undefined ? openTerminal() : undefined;
  const conversation = openConversation({
    client,
    output,
    json: options.json,
    model: options.model,
    threadId: options.thread,
    stubHint: `The built-in stub model answered. To use a real one, add a provider and a model: POST ${options.api}/v1/llm-providers, see ${options.api}/docs`,
    reply: terminal?.interactive ? (question, signal) => terminal.ask(`${question} `, signal) : undefined,
  });
  return terminal ? converse(conversation, terminal, options) : answerOnce(conversation, options.question!);
}

async function answerOnce(conversation: Conversation, question: string) {
  process.on('SIGINT', () => conversation.interrupt());
  return (await conversation.ask(question)) ? 0 : 1;
}

/** Prints API errors and continues with the next question. */
async function converse(conversation: Conversation, terminal: Terminal, { api }: ChatOptions) {
  if (terminal.interactive) output.note(`Talking to ${api}. Ctrl-C stops an answer, Ctrl-D leaves.`);
  let answering = false;
  terminal.onInterrupt(() => (answering ? conversation.interrupt() : terminal.close()));
  let status = 0;
  for await (const line of terminal.lines()) {
    if (line.trim() === '') continue;
    answering = true;
    try {
      status = (await conversation.ask(line)) ? 0 : 1;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      output.note(explain(error, api));
      status = 1;
    } finally {
      answering = false;
    }
  }
  if (!terminal.interactive) return status;
  if (conversation.threadId) output.note(`To go on later: npm run chat -- --thread ${conversation.threadId}`);
  return 0;
}

/** Opens the terminal with the first question. Lines that are piped to a chat without --login are questions to the agent, and no code is read from them. */
function signInPrompts(asksCredentials: boolean): { prompts: SignInPrompts; close: () => void } {
  let terminal: Terminal | undefined;
  const open = () => (terminal ??= openTerminal());
  const credentials = async () => ({ login: (await open().ask('Login: ')).trim(), password: await open().askSecret('Password: ') });
  const code = async (question: string) => {
    if (!asksCredentials && process.stdin.isTTY !== true)
      throw new ChatError('This user has a second factor: start the chat in a terminal, where it asks for the code.');
    return (await open().ask(question)).trim();
  };
  return { prompts: { credentials: asksCredentials ? credentials : undefined, code }, close: () => terminal?.close() };
}

function explain(error: unknown, api: string): string {
  if (error instanceof ChatError) return error.message;
  if (error instanceof ConnectionError) return `${api} does not answer: is the server running (npm start)? Another address goes in --api.`;
  if (error instanceof ApiError) {
    const issues = error.issues.map(({ path, message }) => `${path || 'request'} ${message}`).join('; ');
    return `${error.serverMessage} ${issues && `${issues} `}(${error.reason ?? error.code}, trace ${error.traceId ?? 'unknown'})`;
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

process.stdout.on('error', () => process.exit(1));
let api = '';
try {
  const options = readOptions(process.argv.slice(2), process.env);
  api = options.api;
  process.exitCode = await main(options);
} catch (error) {
  output.note(explain(error, api));
  process.exitCode = 1;
}
