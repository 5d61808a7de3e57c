import type { Scope } from '../../http/scope.ts';
import { selectEffectivePersonas } from './queries.ts';
import { definitionOf, identityOf, type ListedPersona, withBuiltins } from './withBuiltins.ts';

/** The sort position of personas without `selector_order`. */
const defaultOrder = 99;
const { compare } = new Intl.Collator('en');

/** The personas that users can select, one for each key, in display order. */
export async function listSelectable({ db, accountId }: Scope): Promise<ListedPersona[]> {
  const effective = await withBuiltins(await db.rows(selectEffectivePersonas, { accountId }));
  return effective.filter((persona) => definitionOf(persona).user_selectable).sort(compareInSelector);
}

function compareInSelector(a: ListedPersona, b: ListedPersona): number {
  const [one, other] = [definitionOf(a), definitionOf(b)];
  return (
    (one.selector_order ?? defaultOrder) - (other.selector_order ?? defaultOrder) ||
    compare(one.selector_name ?? one.display_name, other.selector_name ?? other.display_name) ||
    compare(identityOf(a).persona_key, identityOf(b).persona_key)
  );
}
