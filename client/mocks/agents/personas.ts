import type { Persona, personas as routes } from '../../../contract/personas.ts';
import { type RouteHandlers, untypedContext } from '../context.ts';
import { listResult, visibleRows } from '../resources/generic.ts';
import { resourceType } from '../resourceTypes.ts';
import type { Json, Row } from '../state.ts';

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

const withBuiltins = (context: object): Row[] => {
  const own = visibleRows(personaKind, untypedContext(context));
  const missing = builtins.filter(({ persona_key }) => own.every(({ value }) => value.persona_key !== persona_key));
  return [
    ...own.map((row) => ({ ...row, order: row.order + missing.length })),
    ...missing.map((value, at) => ({ order: missing.length - at, owner: '', parents: {}, value: value as unknown as Json })),
  ];
};

/** A persona of the account replaces the built-in one with the same `persona_key`. */
export const personas: RouteHandlers<typeof routes> = {
  list: (context) => {
    const name = JSON.stringify(['personas', context.caller.accountId, context.query.scope]);
    const { body, next } = listResult(withBuiltins(context), untypedContext(context), name);
    return { status: 200, body: body as Persona[], next };
  },
  selectable: (context) => ({
    status: 200,
    body: withBuiltins(context)
      .map(({ value }) => value as Persona)
      .filter(({ user_selectable: is, is_active }) => is && is_active),
  }),
};
