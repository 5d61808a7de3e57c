import type { Client, JSONRPCMessage } from '@modelcontextprotocol/client';
import { readElicitation } from '../../../resources/runs/elicitation.ts';
import { type ToolAnswer, type ToolContext, ToolFailure } from '../../tools/tool.ts';
import { protocolError } from '../failures.ts';
import type { Server } from '../server.ts';
import type { Sdk } from '../transport/transports.ts';
import { redact } from './redactToken.ts';

type Ask = NonNullable<ToolContext['ask']>;

/** Questions of one call. A server that asks more is disconnected: it could go on forever. */
const maxQuestions = 10;

/** The most questions on a connection of all runs, whose calls are parallel. They are declined. */
const maxDeclined = 100;

export type Questions = {
  /** Counts a message of the server if it is a question, also one that the library rejects. Fails the connection if there are too many. */
  count(message: JSONRPCMessage): void;
  /** Lets the server ask with `ask` while `work` runs. */
  during<T>(ask: Ask | undefined, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
};

/**
 * Answers the questions of a server (MCP 2025-11-25, elicitation, form mode). Questions are asked only on the connection of one run, whose
 * calls come one after the other.
 */
export function answerQuestions(
  { ProtocolError, ProtocolErrorCode }: Sdk,
  client: Client,
  server: Server,
  fail: (failure: ToolFailure) => void,
): Questions {
  let call: { ask: Ask; stop: AbortController } | undefined;
  let left = maxQuestions;

  client.setRequestHandler('elicitation/create', async ({ params }, { mcpReq }): Promise<Answer> => {
    if (left < 0) throw new ProtocolError(ProtocolErrorCode.InvalidRequest, 'Too many questions.');
    // No call, or one of a run that cannot ask.
    if (!call) return { action: 'decline' };
    const { ask, stop } = call;
    const question = readElicitation(params);
    if (typeof question === 'string') throw new ProtocolError(ProtocolErrorCode.InvalidParams, question);
    const { id, name } = server;
    return viewAnswer(await ask({ ...redact(server, question), server: { id, name } }, AbortSignal.any([mcpReq.signal, stop.signal])));
  });
  return {
    count(message) {
      if (!('method' in message) || message.method !== 'elicitation/create') return;
      if (--left < 0) fail(protocolError(`The tool server asked more than ${maxQuestions} questions.`));
    },
    async during(ask, signal, work) {
      left = ask ? maxQuestions : Math.min(left + maxQuestions, maxDeclined);
      if (!ask) return work(signal);
      const stop = new AbortController();
      const current = { ask, stop };
      call = current;
      try {
        return await work(signal);
      } finally {
        if (call === current) call = undefined;
        // Nobody waits for an answer any more.
        stop.abort(new ToolFailure('mcp.disconnected', 'The call has ended.'));
      }
    },
  };
}

type Answer = { action: 'accept'; content: Record<string, string | number | boolean | string[]> } | { action: 'decline' | 'cancel' };

/** The content was checked when the user sent it. */
const viewAnswer = (answer: ToolAnswer): Answer =>
  answer.action === 'accept' ? { action: 'accept', content: JSON.parse(answer.content) } : { action: answer.action };
