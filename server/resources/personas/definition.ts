import type { PersonaChanges } from '../../../contract/personas.ts';

type Given = Omit<PersonaChanges, 'is_active'>;
type Selector = 'user_selectable' | 'selector_name' | 'selector_order';
type Whole = { [Field in keyof Given]-?: Exclude<Given[Field], undefined> };

/** A persona definition with all defaults filled in. */
export type CompletePersona = Whole;

/**
 * The stored definition. The selector fields are optional: an override without them inherits those of the built-in persona. Definitions of
 * earlier versions have no `skills`.
 */
export type PersonaDefinition = Omit<Whole, Selector | 'skills'> & Partial<Pick<Whole, Selector | 'skills'>>;

export const defaults: Omit<PersonaDefinition, 'display_name' | 'prompt_md'> = {
  description: null,
  soul_md: null,
  tool_allowlist: [],
  tool_denylist: [],
  core_tools: [],
  skills: [],
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

const selectorDefaults: Pick<Whole, Selector> = { user_selectable: false, selector_name: null, selector_order: null };

/** Fills in all fields. `overridden` is the built-in persona with the same key. */
export function completeDefinition(definition: PersonaDefinition, overridden?: CompletePersona): CompletePersona {
  const { user_selectable, selector_name, selector_order } = overridden ?? selectorDefaults;
  return { user_selectable, selector_name, selector_order, skills: [], ...definition };
}

/** Removes undefined fields. */
export const definedFields = <T extends object>(fields: T): { [Field in keyof T]?: Exclude<T[Field], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
