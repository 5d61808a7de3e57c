import type { NewPersona, PersonaChanges, PersonaScope } from '../../../contract/personas.ts';
import { inconsistentValues } from '../../../contract/shared/fields.ts';
import type { PageQuery } from '../../../contract/shared/pagination.ts';
import type { Scope } from '../../http/scope.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { Failure, failWith, invalid, invalidField, notFound } from '../../platform/failure.ts';
import { lockCredential } from '../auth/sessions/lockSession.ts';
import { ownerOf } from '../llmProviders/owner.ts';
import { type BuiltinPersona, findBuiltin } from './builtins.ts';
import { defaults, definedFields, type PersonaDefinition } from './definition.ts';
import { checkExecutor } from './executors.ts';
import type { PersonaRow } from './queries.ts';
import * as queries from './queries.ts';
import { identityOf, type ListedPersona, withBuiltins } from './withBuiltins.ts';

/** Stands for the time in the cursors of built-in personas, which have none. */
const builtinTime = '';

/** The personas of a scope, newest first, then the built-in personas without an active override. */
export async function listPersonas(
  { app, db, accountId }: Scope,
  wanted: PersonaScope,
  page: PageQuery,
): Promise<{ rows: ListedPersona[]; next: string | undefined }> {
  const owner = ownerOf(accountId, wanted);
  return app.cursors.fetchPage(
    page,
    ['personas', owner],
    async (key) => {
      const { beforeTime, beforeId } = key;
      const isFirst = beforeId === null;
      const rows = beforeTime !== builtinTime ? await db.rows(queries.selectPersonas, { owner, ...key }) : [];
      const active = isFirst ? rows.filter((row) => row.is_active) : await db.rows(queries.selectActiveKeys, { owner });
      const all = await withBuiltins(
        rows,
        active.map((row) => row.persona_key),
      );
      const listed = all.map((persona) => ({ ...persona, page_bytes: persona.row?.page_bytes }));
      return listed.slice(listed.findIndex((persona) => identityOf(persona).id === beforeId) + 1);
    },
    (persona) => [persona.row?.created_at ?? builtinTime, identityOf(persona).id],
  );
}

/** Checks the permission before the lookup, so that callers who are not platform admins cannot probe ids of platform personas. */
export async function findPersona({ db, accountId, permissions }: Scope, id: string, wanted: unknown): Promise<PersonaRow> {
  const owner = ownerOf(accountId, wanted);
  if (owner === null && !permissions.has('platform.admin'))
    throw new Failure('forbidden', 'You may not do this.', { reason: 'missing_permission', permission: 'platform.admin' });
  const row = await db.row(queries.selectPersona, { owner, id });
  if (!row) throw notFound();
  return row;
}

/**
 * Throws 403 `system_protected`, 409 `persona_conflict`, or 400 if the copied persona is not built in or the key or version differs from
 * it.
 */
export async function createPersona(scope: Scope, input: NewPersona): Promise<ListedPersona> {
  const { accountId, tx } = scope;
  const { scope: wanted, persona_key, version, copy_from_repo_persona_key: from, ...fields } = input;
  const owner = ownerOf(accountId, wanted);
  const original = from === undefined ? undefined : await findCopySource(from, input);
  const key = persona_key ?? original!.persona_key;
  const builtin = await findBuiltin(key);
  if (owner !== null && builtin?.isSystem) throw systemProtected();
  const definition = { ...defaults, ...original?.definition, ...definedFields(fields) } as PersonaDefinition;
  checkExecutor(definition);
  await lockCredential(scope);
  const row = await tx.row(queries.insertPersona, {
    owner,
    id: newId(),
    key,
    version: version ?? original!.version,
    definition: JSON.stringify(definition),
  });
  if (!row) throw failWith('conflict', 'persona_conflict', 'There is a persona with this key and version.');
  scope.audit({ accountId: owner, metadata: { fields: Object.keys(definedFields(input)).sort() } });
  return { row, builtin };
}

/** A copy must keep the key and version of the original. */
async function findCopySource(key: string, { persona_key, version }: NewPersona): Promise<BuiltinPersona> {
  const original = await findBuiltin(key);
  if (!original) throw invalidField('/copy_from_repo_persona_key', 'is no builtin persona', 'persona_not_found');
  if (original.isSystem) throw systemProtected();
  const given = { persona_key: [persona_key, key], version: [version, original.version] };
  const issues = Object.entries(given)
    .filter(([, [asked, own]]) => asked !== undefined && asked !== own)
    .map(([field]) => ({ location: 'body', path: `/${field}`, message: 'must be that of the builtin, or left out' }) as const);
  if (issues.length > 0) throw invalid(issues, inconsistentValues.reason);
  return original;
}

const systemProtected = () => failWith('forbidden', 'system_protected', 'A persona of the system can only be overridden by the platform.');

/** Validates the merged definition, not only the changed fields. */
export async function updatePersona(scope: Scope, { id, account_id: owner }: PersonaRow, changes: PersonaChanges): Promise<ListedPersona> {
  const { tx } = scope;
  await lockCredential(scope);
  const now = await tx.row(queries.lockPersona, { owner, id });
  if (!now) throw notFound();
  const { is_active = now.is_active, ...fields } = changes;
  const definition = { ...now.definition, ...definedFields(fields) } as PersonaDefinition;
  checkExecutor(definition);
  const row = await tx.row(queries.updatePersona, { owner, id, definition: JSON.stringify(definition), isActive: is_active });
  scope.audit({ accountId: owner, metadata: { fields: Object.keys(definedFields(changes)).sort() } });
  return { row: row!, builtin: await findBuiltin(now.persona_key) };
}

/** Deleting an override puts the persona that it replaced back in force. */
export async function deletePersona(scope: Scope, { id, account_id: owner }: PersonaRow): Promise<void> {
  if ((await scope.tx.run(queries.deletePersona, { owner, id })) === 0) throw notFound();
  scope.audit({ accountId: owner });
}
