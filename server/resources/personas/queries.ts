import { sql } from 'kysely';
import { bytesOf, onPage, pageInBytes, type PageKey } from '../../database/paging.ts';
import { jsonb, type RowOf, statement } from '../../database/statement.ts';
import type { PersonaDefinition } from './definition.ts';

const summaryColumns = ['id', 'account_id', 'persona_key', 'version', 'is_active', 'created_at', 'updated_at'] as const;
const columns = [...summaryColumns, 'definition'] as const;

/** `owner` is an account, or null for the platform. */
type Owned = { owner: string | null; id: string };

export const selectPersonas = statement<{ owner: string | null } & PageKey>()((db, $) =>
  pageInBytes(
    db
      .selectFrom('personas')
      .select(columns)
      .where('account_id', 'is not distinct from', $.owner)
      .where(onPage($, 'created_at', 'id'))
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit($.limit),
    bytesOf('definition'),
  ),
);

export const selectActiveKeys = statement<{ owner: string | null }>()((db, $) =>
  db
    .selectFrom('personas')
    .select('persona_key')
    .where('account_id', 'is not distinct from', $.owner)
    .where('is_active', '=', sql.lit(true)),
);

export const selectPersona = statement<Owned>()((db, $) =>
  db.selectFrom('personas').select(columns).where('account_id', 'is not distinct from', $.owner).where('id', '=', $.id),
);

export type PersonaRow = RowOf<typeof selectPersona>;

export const lockPersona = statement<Owned>()((db, $) =>
  db.selectFrom('personas').select(columns).where('account_id', 'is not distinct from', $.owner).where('id', '=', $.id).forUpdate(),
);

export const insertPersona = statement<Owned & { key: string; version: string; definition: string }>()((db, $) =>
  db
    .insertInto('personas')
    .values({
      account_id: $.owner,
      id: $.id,
      persona_key: $.key,
      version: $.version,
      definition: jsonb<PersonaDefinition>($.definition),
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning(columns),
);

export const updatePersona = statement<Owned & { definition: string; isActive: boolean }>()((db, $) =>
  db
    .updateTable('personas')
    .set({ definition: jsonb<PersonaDefinition>($.definition), is_active: $.isActive, updated_at: sql`now()` })
    .where('account_id', 'is not distinct from', $.owner)
    .where('id', '=', $.id)
    .returning(columns),
);

export const deletePersona = statement<Owned>()((db, $) =>
  db.deleteFrom('personas').where('account_id', 'is not distinct from', $.owner).where('id', '=', $.id),
);

/**
 * The effective persona of each key, with what a picker shows. Personas of the account take precedence over those of the platform, then newer
 * ones over older ones.
 */
export const selectEffectivePersonas = statement<{ accountId: string }>({ isShort: true })((db, $) =>
  db
    .selectFrom('personas')
    .distinctOn('persona_key')
    .select(summaryColumns)
    .select(
      sql<PersonaDefinition>`definition - '{prompt_md,soul_md,roles,executor_config,tool_allowlist,tool_denylist,core_tools,skills,budgets}'::text[]`.as(
        'definition',
      ),
    )
    .where('is_active', '=', sql.lit(true))
    .where(({ eb, or }) => or([eb('account_id', '=', $.accountId), eb('account_id', 'is', null)]))
    .orderBy('persona_key')
    .orderBy((eb) => eb('account_id', 'is', null))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc'),
);

/** The effective persona of one key, by the same precedence. A null `version` matches every version. */
export const selectEffectivePersona = statement<{ accountId: string; key: string; version: string | null }>({ isShort: true })((db, $) =>
  db
    .selectFrom('personas')
    .select(columns)
    .where('is_active', '=', sql.lit(true))
    .where(({ eb, or }) => or([eb('account_id', '=', $.accountId), eb('account_id', 'is', null)]))
    .where('persona_key', '=', $.key)
    .where(({ eb, or }) => or([eb(sql`${$.version}::text`, 'is', null), eb('version', '=', $.version)]))
    .orderBy((eb) => eb('account_id', 'is', null))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(sql.lit(1)),
);
