import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { RunError, RunEventInput } from '../../../contract/events.ts';
import type { ToolCall } from '../../models/model.ts';
import { askUserTool, parseQuestion, type Question } from './askUser.ts';
import type { AvailableTools } from './availableTools.ts';
import { type Tool, ToolFailure } from './tool.ts';

type DenyReason = Extract<RunEventInput, { type: 'tool.denied' }>['data']['deny_reason'];

type Named = { callId: string; name: string; args: Record<string, unknown>; argsHash: string };

/** A validated call: `run` it, `ask` the user, or `refuse` it with an error for the model. */
export type ValidatedCall = Named &
  (
    | { verdict: 'run'; tool: Tool }
    | { verdict: 'ask'; tool: Tool; question: Question }
    | { verdict: 'refuse'; tool: Tool | undefined; error: RunError; denied?: DenyReason }
  );

/** Undefined unless the arguments are a JSON object. An empty string counts as `{}`. */
export function parseArguments(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json.trim() || '{}');
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Validates the calls of a turn. Only one question per turn is allowed. */
export function validateCalls(calls: readonly ToolCall[], offer: AvailableTools): ValidatedCall[] {
  let asks = false;
  return calls.map((call) => {
    const judged = validateCall(call, offer);
    if (judged.verdict !== 'ask') return judged;
    const again = asks;
    asks = true;
    if (!again) return judged;
    const error = { error_class: 'tool.args_invalid', message: 'Only one question can be asked at a time; put all fields into it.' };
    const { question: _, ...named } = judged;
    return { ...named, verdict: 'refuse', error };
  });
}

function validateCall({ id: callId, name, arguments: json }: ToolCall, offer: AvailableTools): ValidatedCall {
  const args = parseArguments(json);
  const named: Named = { callId, name, args: args ?? {}, argsHash: hashArguments(args ?? {}) };
  const tool = offer.find(name);
  if (!tool) {
    const denied = offer.exists(name) ? 'tool.not_in_allowlist' : 'tool.unknown';
    const message = offer.exists(name) ? `The tool ${name} is not offered.` : `There is no tool named ${name}.`;
    return { ...named, verdict: 'refuse', tool, denied, error: { error_class: 'policy.denied', message } };
  }
  if (!args) return refused(named, tool, 'The arguments are no JSON object.');
  if (name !== askUserTool.name) return { ...named, verdict: 'run', tool };
  try {
    return { ...named, verdict: 'ask', tool, question: parseQuestion(args) };
  } catch (error) {
    if (!(error instanceof ToolFailure)) throw error;
    return refused(named, tool, error.message);
  }
}

const refused = (named: Named, tool: Tool, message: string): ValidatedCall => ({
  ...named,
  verdict: 'refuse',
  tool,
  error: { error_class: 'tool.args_invalid', message },
});

/** SHA-256 of canonical JSON (RFC 8785). Replaces lone surrogates, which canonical JSON cannot contain. */
export const hashArguments = (args: Record<string, unknown>) =>
  createHash('sha256')
    .update(canonicalize(JSON.parse(JSON.stringify(args), wellFormed)) ?? '')
    .digest('hex');
const wellFormed = (_key: string, value: unknown) => (typeof value === 'string' ? value.toWellFormed() : value);
