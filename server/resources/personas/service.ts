import type { NewPersona, PersonaChanges } from '../../../contract/personas.ts';
import { Failure, invalid, invalidField, notFound, refuse } from '../../kernel/failure.ts';
import { newId } from '../../kernel/ids.ts';
import type { Scope } from '../../kernel/scope.ts';
import { ownerOf } from '../llmProviders/owner.ts';
import { type Builtin, builtinOf } from './builtins.ts';
import { defaults, type PersonaDefinition, stated } from './definition.ts';
import { checkExecutor } from './executors.ts';
import { type Listed, overBuiltins } from './listed.ts';
import type { PersonaRow } from './queries.ts';
import * as queries from './queries.ts';

/** The personas of a scope, newest first, then the builtins that no active one of them takes the place of. */
export async function listPersonas({ read, accountId }: Scope, wanted: unknown): Promise<Listed[]> {
  return overBuiltins(await read.rows(queries.selectPersonas, [ownerOf(accountId, wanted)]));
}

/** The persona a path names, in the scope that the query names. Nothing of the platform is looked up for who does not administer it. */
export async function findPersona({ read, accountId, permissions }: Scope, id: string, wanted: unknown): Promise<PersonaRow> {
  const owner = ownerOf(accountId, wanted);
  if (owner === null && !permissions.has('platform.admin'))
    throw new Failure('forbidden', 'You may not do this.', { reason: 'missing_permission', permission: 'platform.admin' });
  const row = await read.row(queries.selectPersona, [owner, id]);
  if (!row) throw notFound();
  return row;
}

/** Add a persona. Throws 403 `system_protected`, 409 `persona_conflict`, 400 for a copy of what is not built in, or that goes by another name. */
export async function createPersona(scope: Scope, input: NewPersona): Promise<Listed> {
  const { accountId, tx } = scope;
  const { scope: wanted, persona_key, version, copy_from_repo_persona_key: from, ...fields } = input;
  const owner = ownerOf(accountId, wanted);
  const original = from === undefined ? undefined : await copied(from, input);
  const key = persona_key ?? original!.persona_key;
  const builtin = await builtinOf(key);
  if (owner !== null && builtin?.isSystem) throw systemProtected();
  const definition = { ...defaults, ...original?.definition, ...stated(fields) } as PersonaDefinition;
  checkExecutor(definition);
  const values = [owner, newId(), key, version ?? original!.version, JSON.stringify(definition)];
  const row = await tx.row(queries.insertPersona, values);
  if (!row) throw refuse('conflict', 'persona_conflict', 'There is a persona with this key and version.');
  scope.audit({ accountId: owner, metadata: { fields: Object.keys(stated(input)).sort() } });
  return { row, builtin };
}

/** The builtin to copy; a copy keeps its key and its version. */
async function copied(key: string, { persona_key, version }: NewPersona): Promise<Builtin> {
  const original = await builtinOf(key);
  if (!original) throw invalidField('/copy_from_repo_persona_key', 'is no builtin persona');
  if (original.isSystem) throw systemProtected();
  const given = { persona_key: [persona_key, key], version: [version, original.version] };
  const issues = Object.entries(given)
    .filter(([, [asked, own]]) => asked !== undefined && asked !== own)
    .map(([field]) => ({ location: 'body', path: `/${field}`, message: 'must be that of the builtin, or left out' }) as const);
  if (issues.length > 0) throw invalid(issues);
  return original;
}

const systemProtected = () => refuse('forbidden', 'system_protected', 'A persona of the system can only be overridden by the platform.');

/** Change a persona; what is checked is the state it would have. */
export async function updatePersona(scope: Scope, { id, account_id: owner }: PersonaRow, changes: PersonaChanges): Promise<Listed> {
  const { tx } = scope;
  const now = await tx.row(queries.lockPersona, [owner, id]);
  if (!now) throw notFound();
  const { is_active = now.is_active, ...fields } = changes;
  const definition = { ...now.definition, ...stated(fields) } as PersonaDefinition;
  checkExecutor(definition);
  const row = await tx.row(queries.updatePersona, [owner, id, JSON.stringify(definition), is_active]);
  scope.audit({ accountId: owner, metadata: { fields: Object.keys(stated(changes)).sort() } });
  return { row: row!, builtin: await builtinOf(now.persona_key) };
}

/** Remove a persona; what it stood before is in force again. */
export async function deletePersona(scope: Scope, { id, account_id: owner }: PersonaRow): Promise<void> {
  if ((await scope.tx.run(queries.deletePersona, [owner, id])) === 0) throw notFound();
  scope.audit({ accountId: owner });
}
