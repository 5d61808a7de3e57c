import { type Builtin, builtins } from './builtins.ts';
import { type CompletePersona, complete } from './definition.ts';
import type { PersonaRow } from './queries.ts';

/** A persona of a scope, with the builtin whose place it takes, or a builtin itself. */
export type Listed = { row: PersonaRow; builtin: Builtin | undefined } | { row?: undefined; builtin: Builtin };

/** Personas, and after them the builtins that no active one of them takes the place of. */
export async function overBuiltins(rows: PersonaRow[]): Promise<Listed[]> {
  const all = await builtins();
  const taken = new Set(rows.filter((row) => row.is_active).map((row) => row.persona_key));
  return [
    ...rows.map((row) => ({ row, builtin: all.find((builtin) => builtin.persona_key === row.persona_key) })),
    ...all.filter((builtin) => !taken.has(builtin.persona_key)).map((builtin) => ({ builtin })),
  ];
}

/** What a persona says, with everything filled in. */
export const definitionOf = ({ row, builtin }: Listed): CompletePersona =>
  row ? complete(row.definition, builtin?.definition) : builtin.definition;

/** What a persona goes by, and where it is from. */
export const identityOf = ({ row, builtin }: Listed) =>
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
