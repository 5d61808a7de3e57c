import { statement } from '../../kernel/sql.ts';
import type { PersonaDefinition } from './definition.ts';

/** A persona of an account, or of the platform when `account_id` is null. */
export type PersonaRow = {
  id: string;
  account_id: string | null;
  persona_key: string;
  version: string;
  is_active: boolean;
  definition: PersonaDefinition;
  created_at: string;
  updated_at: string;
};

const facts = 'id, account_id, persona_key, version, is_active, created_at, updated_at';
const columns = `${facts}, definition`;

/** A persona of one owner: `$1` is the account, or null for the platform. */
const owned = 'account_id is not distinct from $1 and id = $2';

/** What is in force for an account comes first: its own, then the platform's, of each the newest. */
const precedence = 'account_id is null, created_at desc, id desc';
const inForce = 'is_active and (account_id = $1 or account_id is null)';

export const selectPersonas = statement<PersonaRow>(`
  select ${columns} from personas where account_id is not distinct from $1 order by created_at desc, id desc`);

export const selectPersona = statement<PersonaRow>(`select ${columns} from personas where ${owned}`);

export const lockPersona = statement<PersonaRow>(`select ${columns} from personas where ${owned} for update`);

export const insertPersona = statement<PersonaRow>(`
  insert into personas (account_id, id, persona_key, version, definition) values ($1, $2, $3, $4, $5)
  on conflict do nothing returning ${columns}`);

export const updatePersona = statement<PersonaRow>(`
  update personas set definition = $3, is_active = $4, updated_at = now() where ${owned} returning ${columns}`);

export const deletePersona = statement<never>(`delete from personas where ${owned}`);

/** The one of each key that is in force, without its long texts. */
export const selectInForce = statement<PersonaRow>(`
  select distinct on (persona_key) ${facts}, definition - '{prompt_md,soul_md,roles,executor_config}'::text[] as definition
  from personas where ${inForce} order by persona_key, ${precedence}`);

/** The one of a key that is in force, in version `$3` where that is not null. */
export const selectEffective = statement<PersonaRow>(`
  select ${columns} from personas where ${inForce} and persona_key = $2 and ($3::text is null or version = $3)
  order by ${precedence} limit 1`);
