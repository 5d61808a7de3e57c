import { ApiError, ConnectionError } from '../index.ts';
import { type AskCredentials, openClient } from './account.ts';
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
  const client = await openClient(options.api, options.file, options.login ? askCredentials : undefined);
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

const askCredentials: AskCredentials = async () => {
  const terminal = openTerminal();
  try {
    return { login: (await terminal.ask('Login: ')).trim(), password: await terminal.askSecret('Password: ') };
  } finally {
    terminal.close();
  }
};

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
