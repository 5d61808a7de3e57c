import type { Persona, SelectablePersona } from '../../../contract/personas.ts';
import { definitionOf, identityOf, type ListedPersona } from './withBuiltins.ts';

export function viewPersona(persona: ListedPersona): Persona {
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

/** A persona for a picker, without its prompt. */
export function viewSelectable(persona: ListedPersona): SelectablePersona {
  const { display_name, description, selector_name, selector_order, model, reasoning_mode } = definitionOf(persona);
  return { ...identityOf(persona), display_name, description, selector_name, selector_order, model, reasoning_mode };
}
