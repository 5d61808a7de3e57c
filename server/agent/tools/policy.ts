import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { RunError, RunStep } from '../../../contract/events.ts';
import type { ToolCall } from '../model.ts';
import { askUserTool, type Question, readQuestion } from './askUser.ts';
import type { Offer } from './offer.ts';
import { type Tool, ToolFailure } from './tool.ts';

type DenyReason = Extract<RunStep, { type: 'tool.denied' }>['data']['deny_reason'];

type Named = { callId: string; name: string; args: Record<string, unknown>; argsHash: string };

/** What becomes of a call: it is run, it is a question to the user, or it is refused, and then the model is told why. */
export type Judged = Named &
  (
    | { verdict: 'run'; tool: Tool }
    | { verdict: 'ask'; tool: Tool; question: Question }
    | { verdict: 'refuse'; tool: Tool | undefined; error: RunError; denied?: DenyReason }
  );

/** The arguments of a call; undefined when they are no JSON object. A model that writes none means none. */
export function parseArguments(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json.trim() || '{}');
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Decide on the calls of a turn. Only the first question is asked. */
export function judgeCalls(calls: readonly ToolCall[], offer: Offer): Judged[] {
  let asks = false;
  return calls.map((call) => {
    const judged = judge(call, offer);
    if (judged.verdict !== 'ask') return judged;
    const again = asks;
    asks = true;
    if (!again) return judged;
    const error = { error_class: 'tool.args_invalid', message: 'Only one question can be asked at a time; put all fields into it.' };
    const { question: _, ...named } = judged;
    return { ...named, verdict: 'refuse', error };
  });
}

function judge({ id: callId, name, arguments: json }: ToolCall, offer: Offer): Judged {
  const args = parseArguments(json);
  const named: Named = { callId, name, args: args ?? {}, argsHash: hashArguments(args ?? {}) };
  const tool = offer.find(name);
  if (!tool) {
    const denied = offer.knows(name) ? 'tool.not_in_allowlist' : 'tool.unknown';
    const message = offer.knows(name) ? `The tool ${name} is not offered.` : `There is no tool named ${name}.`;
    return { ...named, verdict: 'refuse', tool, denied, error: { error_class: 'policy.denied', message } };
  }
  if (!args) return refused(named, tool, 'The arguments are no JSON object.');
  if (name !== askUserTool.name) return { ...named, verdict: 'run', tool };
  try {
    return { ...named, verdict: 'ask', tool, question: readQuestion(args) };
  } catch (error) {
    if (!(error instanceof ToolFailure)) throw error;
    return refused(named, tool, error.message);
  }
}

const refused = (named: Named, tool: Tool, message: string): Judged => ({
  ...named,
  verdict: 'refuse',
  tool,
  error: { error_class: 'tool.args_invalid', message },
});

/** SHA-256 of canonical JSON (RFC 8785), which has no lone surrogates. */
export const hashArguments = (args: Record<string, unknown>) =>
  createHash('sha256')
    .update(canonicalize(JSON.parse(JSON.stringify(args), wellFormed)) ?? '')
    .digest('hex');
const wellFormed = (_key: string, value: unknown) => (typeof value === 'string' ? value.toWellFormed() : value);
