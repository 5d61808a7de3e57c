import { type BuiltinPersona, builtins } from './builtins.ts';
import { completeDefinition, type CompletePersona } from './definition.ts';
import type { PersonaRow } from './queries.ts';

/** A persona with the built-in persona that it overrides, or a built-in persona itself. */
export type ListedPersona = { row: PersonaRow; builtin: BuiltinPersona | undefined } | { row?: undefined; builtin: BuiltinPersona };

/** The given personas, then the built-in ones without an active override, which has one of the keys `overridden`. */
export async function withBuiltins<Row extends PersonaRow>(
  rows: readonly Row[],
  overridden = rows.filter((row) => row.is_active).map((row) => row.persona_key),
): Promise<(ListedPersona & { row?: Row })[]> {
  const all = await builtins();
  const taken = new Set(overridden);
  return [
    ...rows.map((row) => ({ row, builtin: all.find((builtin) => builtin.persona_key === row.persona_key) })),
    ...all.filter((builtin) => !taken.has(builtin.persona_key)).map((builtin) => ({ builtin })),
  ];
}

export const definitionOf = ({ row, builtin }: ListedPersona): CompletePersona =>
  row ? completeDefinition(row.definition, builtin?.definition) : builtin.definition;

export const identityOf = ({ row, builtin }: ListedPersona) =>
  row
    ? ({
        id: row.id,
        persona_key: row.persona_key,
        version: row.version,
        scope: row.account_id === null ? 'platform' : 'account',
        source: 'custom',
      } as const)
    : ({
        id: `builtin:${builtin.persona_key}:${builtin.version}`,
        persona_key: builtin.persona_key,
        version: builtin.version,
        scope: 'platform',
        source: 'builtin',
      } as const);
