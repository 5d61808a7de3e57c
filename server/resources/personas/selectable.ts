import type { Scope } from '../../kernel/scope.ts';
import { definitionOf, identityOf, type Listed, overBuiltins } from './listed.ts';
import { selectInForce } from './queries.ts';

/** The place of a persona that names none. */
const last = 99;
const { compare } = new Intl.Collator('en');

/** The personas that runs of an account can be started with, one for each key, in the order of a picker. */
export async function listSelectable({ read, accountId }: Scope): Promise<Listed[]> {
  const effective = await overBuiltins(await read.rows(selectInForce, [accountId]));
  return effective.filter((persona) => definitionOf(persona).user_selectable).sort(inOrder);
}

function inOrder(a: Listed, b: Listed): number {
  const [one, other] = [definitionOf(a), definitionOf(b)];
  return (
    (one.selector_order ?? last) - (other.selector_order ?? last) ||
    compare(one.selector_name ?? one.display_name, other.selector_name ?? other.display_name) ||
    compare(identityOf(a).persona_key, identityOf(b).persona_key)
  );
}
