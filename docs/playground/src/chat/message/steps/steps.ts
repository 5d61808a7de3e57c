import type { RunPart, ToolCallPart } from '../../../../../../client/react/index.ts';
import { isBad } from './toolNames.ts';

type TextPart = Exclude<RunPart, ToolCallPart>;
export type ActivityPart = ToolCallPart | (TextPart & { type: 'thinking' });

/** What is shown for one or several parts of a run. `key` is that of the first part. */
export type Step = { readonly key: number } & (
  | { readonly type: 'text' | 'input'; readonly parts: readonly [TextPart] }
  | { readonly type: 'question' | 'todos'; readonly parts: readonly [ToolCallPart] }
  | { readonly type: 'activity'; readonly parts: readonly ActivityPart[] }
);

const isCallOf = (name: string, part: RunPart | undefined) => part?.type === 'tool' && part.name === name;
const isThinking = (part: RunPart): part is TextPart & { type: 'thinking' } => part.type === 'thinking';
const isTodoList = (call: ToolCallPart) => call.name === 'todo_write' && call.state === 'done';

/**
 * Groups thoughts and tool calls without text between them. A question is shown once it is answered: until then its form is shown. The to-do list is
 * shown once, at its first call, with its latest state.
 */
export function stepsOf(parts: readonly RunPart[]): Step[] {
  const steps: Step[] = [];
  const todos = parts.filter((part) => part.type === 'tool').findLast(isTodoList);
  let group: ActivityPart[] | undefined;
  let hasTodos = false;
  const add = (step: Step) => {
    steps.push(step);
    group = undefined;
  };
  const join = (part: ActivityPart) => {
    if (group) return void group.push(part);
    group = [part];
    steps.push({ key: part.key, type: 'activity', parts: group });
  };
  const addCall = (call: ToolCallPart) => {
    if (call.name === 'todo_write' && !isBad(call)) {
      if (todos && !hasTodos) add({ key: call.key, type: 'todos', parts: [todos] });
      hasTodos = todos !== undefined;
    } else if (call.name !== 'ask_user' || isBad(call)) join(call);
    else if (call.state === 'done') add({ key: call.key, type: 'question', parts: [call] });
  };
  parts.forEach((part, at) => {
    const { key } = part;
    if (part.type === 'tool') addCall(part);
    else if (isThinking(part)) join(part);
    else if (part.type === 'input') {
      // The answer to a question is shown with the question.
      if (!isCallOf('ask_user', parts[at - 1])) add({ key, type: 'input', parts: [part] });
    } else if (part.text.trim() !== '') add({ key, type: 'text', parts: [part] });
  });
  return steps;
}

export type Source = { readonly ids: readonly string[]; readonly title: string; readonly url: string; readonly snippet: string };

type Found = Source & { rank: number };

/** The pages that the agent read or found, each once: those it cites first, then those it read. */
export function sourcesOf(parts: readonly RunPart[]): Source[] {
  let text: string | undefined;
  const found = new Map<string, Found>();
  const add = (value: unknown, rank: number) => {
    const { id, title, url, snippet } = (value ?? {}) as Record<string, unknown>;
    const address = typeof url === 'string' ? URL.parse(url) : null;
    if (!address || !/^https?:$/.test(address.protocol)) return;
    text ??= parts.map((part) => (part.type === 'text' ? part.text : '')).join('\n');
    const isCited = text.includes(String(url)) || (typeof id === 'string' && text.includes(`[${id}]`));
    const before = found.get(address.href);
    found.set(address.href, {
      ids: [...(before?.ids ?? []), ...(typeof id === 'string' ? [id] : [])],
      url: address.href,
      title: (typeof title === 'string' && title.trim()) || (before?.title ?? address.host),
      snippet: typeof snippet === 'string' ? snippet : (before?.snippet ?? ''),
      rank: Math.min(before?.rank ?? 2, isCited ? 0 : rank),
    });
  };
  for (const part of parts) {
    if (part.type !== 'tool' || part.state !== 'done') continue;
    if (part.name === 'web_search') for (const each of Array.isArray(part.result?.results) ? part.result.results : []) add(each, 2);
    if (part.name === 'web_fetch') add(part.result, 1);
  }
  return [...found.values()].toSorted((a, b) => a.rank - b.rank);
}
