import type { Client } from '@modelcontextprotocol/client';
import { readElicitation } from '../../../resources/runs/elicitation.ts';
import { type ToolAnswer, type ToolContext, ToolFailure } from '../../tools/tool.ts';
import { protocolError } from '../failures.ts';
import type { Server } from '../server.ts';
import type { Sdk } from '../transport/transports.ts';
import { redact } from './redactToken.ts';

type Ask = NonNullable<ToolContext['ask']>;

/** Questions of one call. A server that asks more is stopped: it could go on forever. */
const maxQuestions = 10;

export type Questions = {
  /** Lets the server ask with `ask` while `work` runs. The signal of `work` is aborted if the server asks too often. */
  during<T>(ask: Ask, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
};

/**
 * Answers the questions of a server (MCP 2025-11-25, elicitation, form mode). Questions are asked only on the connection of one run, whose
 * calls come one after the other.
 */
export function answerQuestions({ ProtocolError, ProtocolErrorCode }: Sdk, client: Client, server: Server): Questions {
  let call: { ask: Ask; asked: number; stop: AbortController } | undefined;

  client.setRequestHandler('elicitation/create', async ({ params }, { mcpReq }): Promise<Answer> => {
    // No call, or one of a run that cannot ask.
    if (!call) return { action: 'decline' };
    const { ask, stop } = call;
    if (++call.asked > maxQuestions) {
      stop.abort(protocolError(`The tool server asked more than ${maxQuestions} questions.`));
      throw new ProtocolError(ProtocolErrorCode.InvalidRequest, 'Too many questions.');
    }
    const question = readElicitation(params);
    if (typeof question === 'string') throw new ProtocolError(ProtocolErrorCode.InvalidParams, question);
    const { id, name } = server;
    return viewAnswer(await ask({ ...redact(server, question), server: { id, name } }, AbortSignal.any([mcpReq.signal, stop.signal])));
  });
  return {
    async during(ask, signal, work) {
      const stop = new AbortController();
      const current = { ask, asked: 0, stop };
      call = current;
      try {
        return await work(AbortSignal.any([signal, stop.signal]));
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
