import type { Persona, personas as routes } from '../../../contract/personas.ts';
import { type RouteHandlers, untypedContext } from '../context.ts';
import { visibleRows } from '../resources/generic.ts';
import { resourceType } from '../resourceTypes.ts';

const personaKind = resourceType('/v1/personas');

/** The built-in personas that are user-selectable. */
const builtins: Persona[] = ['normal', 'pro', 'search'].map((persona_key, at) => ({
  ...{ id: `builtin:${persona_key}:1`, persona_key, version: '1', scope: 'platform', source: 'builtin', account_id: null, is_active: true },
  ...{ display_name: `${persona_key[0]!.toUpperCase()}${persona_key.slice(1)}`, description: null, selector_name: persona_key },
  ...{ selector_order: at + 1, model: null, reasoning_mode: 'auto', prompt_md: 'Help the user.', soul_md: null, tool_allowlist: [] },
  ...{ tool_denylist: [], core_tools: [], skills: [], budgets: {}, roles: {}, conditional_tools: [], preferred_credential: null },
  ...{ stream_thinking: true, prompt_cache_control: 'none', executor_type: 'agent.simple', executor_config: {}, user_selectable: true },
  ...{ created_at: null, updated_at: null },
}));

const withBuiltins = (context: object): Persona[] => {
  const own = visibleRows(personaKind, untypedContext(context)).map(({ value }) => value as Persona);
  return [...own, ...builtins.filter(({ persona_key }) => own.every((persona) => persona.persona_key !== persona_key))];
};

/** A persona of the account replaces the built-in one with the same `persona_key`. */
export const personas: RouteHandlers<typeof routes> = {
  list: (context) => ({ status: 200, body: withBuiltins(context) }),
  selectable: (context) => ({ status: 200, body: withBuiltins(context).filter(({ user_selectable: is, is_active }) => is && is_active) }),
};
