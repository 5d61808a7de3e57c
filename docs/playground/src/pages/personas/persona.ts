import type { NewPersona, Persona, PersonaChanges } from '../../../../../client/index.ts';

export const personasKey = ['personas'];
export const scope = { scope: 'account' } as const;

/** The fields that the editor shows, as its controls keep them. */
export type Draft = {
  display_name: string;
  persona_key: string;
  version: string;
  description: string;
  soul_md: string;
  prompt_md: string;
  model: string;
  reasoning_mode: Persona['reasoning_mode'];
  user_selectable: boolean;
  stream_thinking: boolean;
  /** Separated by commas or white space. */
  tool_allowlist: string;
  tool_denylist: string;
  /** Names; empty means all. */
  skills: readonly string[];
  /** Empty means none. */
  temperature: string;
  max_output_tokens: string;
  reasoning_iterations: string;
  /** In US dollars. */
  max_cost: string;
};

const numberText = (value: number | undefined) => (value === undefined ? '' : String(value));

export const draftOf = (persona: Persona | undefined): Draft => ({
  display_name: persona?.display_name ?? '',
  persona_key: persona?.persona_key ?? '',
  version: persona?.version ?? '1',
  description: persona?.description ?? '',
  soul_md: persona?.soul_md ?? '',
  prompt_md: persona?.prompt_md ?? '',
  model: persona?.model ?? '',
  reasoning_mode: persona?.reasoning_mode ?? 'auto',
  user_selectable: persona?.user_selectable ?? true,
  stream_thinking: persona?.stream_thinking ?? true,
  tool_allowlist: persona?.tool_allowlist.join(', ') ?? '',
  tool_denylist: persona?.tool_denylist.join(', ') ?? '',
  skills: persona?.skills ?? [],
  temperature: numberText(persona?.budgets.temperature),
  max_output_tokens: numberText(persona?.budgets.max_output_tokens),
  reasoning_iterations: numberText(persona?.budgets.reasoning_iterations),
  max_cost: numberText(persona?.budgets.max_cost_micros && persona.budgets.max_cost_micros / 1e6),
});

const listOf = (text: string) => text.split(/[\s,]+/).filter(Boolean);
const numberOf = (text: string) => (text.trim() === '' ? undefined : Number(text));

/** The changes of a persona. Values that the editor does not show are kept. */
export function changesOf(draft: Draft, persona: Persona | undefined): PersonaChanges & Pick<NewPersona, 'display_name' | 'prompt_md'> {
  const cost = numberOf(draft.max_cost);
  const { temperature: _t, max_output_tokens: _o, reasoning_iterations: _i, max_cost_micros: _c, ...others } = persona?.budgets ?? {};
  const budgets = {
    temperature: numberOf(draft.temperature),
    max_output_tokens: numberOf(draft.max_output_tokens),
    reasoning_iterations: numberOf(draft.reasoning_iterations),
    max_cost_micros: cost === undefined ? undefined : Math.round(cost * 1e6),
  };
  return {
    display_name: draft.display_name.trim(),
    description: draft.description.trim() || null,
    soul_md: draft.soul_md.trim() || null,
    prompt_md: draft.prompt_md,
    model: draft.model || null,
    reasoning_mode: draft.reasoning_mode,
    user_selectable: draft.user_selectable,
    stream_thinking: draft.stream_thinking,
    tool_allowlist: listOf(draft.tool_allowlist),
    tool_denylist: listOf(draft.tool_denylist),
    skills: [...draft.skills],
    budgets: { ...others, ...Object.fromEntries(Object.entries(budgets).filter(([, value]) => value !== undefined)) },
  };
}

/** `Release notes` → `release-notes`. */
export const keyOfName = (name: string) =>
  name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .split('-')
    .filter(Boolean)
    .join('-')
    .slice(0, 64);
