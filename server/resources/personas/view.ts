import type { Persona, SelectablePersona } from '../../../contract/personas.ts';
import { definitionOf, identityOf, type Listed } from './listed.ts';

/** A persona as who manages it sees it. */
export function viewPersona(persona: Listed): Persona {
  const { row } = persona;
  return {
    ...identityOf(persona),
    ...definitionOf(persona),
    account_id: row?.account_id ?? null,
    is_active: row?.is_active ?? true,
    created_at: row?.created_at ?? null,
    updated_at: row?.updated_at ?? null,
  };
}

/** A persona as a picker needs it: nothing of its prompt. */
export function viewSelectable(persona: Listed): SelectablePersona {
  const { display_name, description, selector_name, selector_order, model, reasoning_mode } = definitionOf(persona);
  return { ...identityOf(persona), display_name, description, selector_name, selector_order, model, reasoning_mode };
}
