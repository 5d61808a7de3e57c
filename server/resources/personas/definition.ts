import type { PersonaChanges } from '../../../contract/personas.ts';

type Given = Omit<PersonaChanges, 'is_active'>;
type Selector = 'user_selectable' | 'selector_name' | 'selector_order';
type Whole = { [Field in keyof Given]-?: Exclude<Given[Field], undefined> };

/** All that a persona says, with everything it leaves open filled in. */
export type CompletePersona = Whole;

/** What is stored: how a persona is offered only where it says so, because an override else keeps the place of the builtin. */
export type PersonaDefinition = Omit<Whole, Selector> & Partial<Pick<Whole, Selector>>;

/** What a persona is that says no more than its name and its prompt. */
export const defaults: Omit<PersonaDefinition, 'display_name' | 'prompt_md'> = {
  description: null,
  soul_md: null,
  tool_allowlist: [],
  tool_denylist: [],
  core_tools: [],
  budgets: {},
  roles: {},
  conditional_tools: [],
  model: null,
  preferred_credential: null,
  reasoning_mode: 'auto',
  stream_thinking: true,
  prompt_cache_control: 'none',
  executor_type: 'agent.simple',
  executor_config: {},
};

const unoffered: Pick<Whole, Selector> = { user_selectable: false, selector_name: null, selector_order: null };

/** A definition with everything filled in; `overridden` is the builtin whose place it takes. */
export function complete(definition: PersonaDefinition, overridden?: CompletePersona): CompletePersona {
  const { user_selectable, selector_name, selector_order } = overridden ?? unoffered;
  return { user_selectable, selector_name, selector_order, ...definition };
}

/** Without the fields that a request left out. */
export const stated = <T extends object>(fields: T): { [Field in keyof T]?: Exclude<T[Field], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
