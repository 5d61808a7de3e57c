import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { listener } from '../app/listener.ts';

type Message = { id?: number; method: string; params?: any };

/** What the server does instead of its normal answer, by method. */
export type PromptAnswers = Partial<Record<string, (message: Message, res: ServerResponse) => unknown>>;

/** Answers a request with a result. */
export const answer = (result: object) => (_message: Message, res: ServerResponse) => send(res, { id: _message.id, result });
/** Answers a request with an error of JSON-RPC. */
export const fail = (error: object) => (message: Message, res: ServerResponse) => send(res, { id: message.id, error });

const send = (res: ServerResponse, message: object) =>
  res.setHeader('content-type', 'application/json').end(JSON.stringify({ jsonrpc: '2.0', ...message }));

export const samplePrompt = {
  name: 'sample',
  title: 'Sample',
  description: 'Greets somebody',
  arguments: [{ name: 'name', description: 'Whom to greet' }],
};
const greeting = { description: 'A greeting', messages: [{ role: 'user', content: { type: 'text', text: 'Say hello!' } }] };

/** A server of prompts over streamable HTTP without sessions, for answers that the SDKs do not send. It does not keep the process alive. */
export async function startPromptServer(answers: PromptAnswers = {}) {
  const methods: string[] = [];
  const server = createServer(
    listener(async (req, res) => {
      if (req.method !== 'POST') return res.writeHead(405).end();
      const chunks: Buffer[] = [];
      for await (const chunk of req) chunks.push(chunk as Buffer);
      const message = JSON.parse(Buffer.concat(chunks).toString()) as Message;
      methods.push(message.method);
      const usual: PromptAnswers = {
        initialize: answer({
          protocolVersion: message.params?.protocolVersion,
          capabilities: { prompts: {} },
          serverInfo: { name: 'prompts', version: '1' },
        }),
        'prompts/list': answer({ prompts: [samplePrompt] }),
        'prompts/get': answer(greeting),
      };
      const given = answers[message.method] ?? usual[message.method];
      return given && message.id !== undefined ? given(message, res) : res.writeHead(202).end();
    }),
  );
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  server.unref();
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`, methods, close };
}

let shared: Promise<string> | undefined;

/** The URL of a server with the prompt `sample`. */
export const samplePromptUrl = (): Promise<string> => (shared ??= startPromptServer().then(({ url }) => url));
