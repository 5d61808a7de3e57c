import { type ExpressionBuilder, sql, type SqlBool } from 'kysely';
import { type Builder, type Parameters, type Statement, statement } from '../../database/statement.ts';
import type { Tables } from '../../database/tables.ts';
import { accountRules, type Rule, type TenantTable, userRules, type UserTable } from './rules.ts';

/** The rows that an erasure concerns. `userId` is null for an account alone. */
export type Target = { accountId: string; userId: string | null };
type Batch = Target & { limit: number };
type $ = Parameters<Target>;

/** What an erasure does to one table. Those of `tablesWithOwnBatches` have no `change`. */
export type Step = {
  table: string;
  rule: Rule['rule'];
  reason: string | null;
  isLast: boolean;
  /** Deletes or anonymizes some rows. Changes none if none are left. */
  change: Statement<Batch, unknown> | undefined;
  /** Counts the rows that are still to be deleted or anonymized. */
  remaining: Statement<Target, { count: number }> | undefined;
  /** Counts the rows that stay. Missing for deleted rows, and for the access log. */
  kept: Statement<Target, { count: number }> | undefined;
};

// Safe: a condition of `ownRows` only uses columns of its table. The builder cannot type a table that is chosen at run time.
type AnyTable = 'messages';
type Condition = (eb: ExpressionBuilder<Tables, AnyTable>, $: $) => ReturnType<typeof sql<SqlBool>>;

const byAccount: Condition = (_, $) => sql`account_id = ${$.accountId}::uuid`;
const byUser: Condition = (_, $) => sql`user_id = ${$.userId}::uuid`;

/** The rows of an account in tables where `account_id` does not name it. */
const ownRows: { readonly [Table in TenantTable]?: Condition } = {
  accounts: (_, $) => sql`id = ${$.accountId}::uuid`,
  broadcasts: (_, $) => sql`target_id = ${$.accountId}::uuid`,
  llm_models: ({ selectFrom }, $) =>
    sql`provider_id in (${selectFrom('llm_providers as p').select('p.id').where('p.account_id', '=', $.accountId)})`,
  refresh_tokens: ({ selectFrom }, $) =>
    sql`session_id in (${selectFrom('sessions as s').select('s.id').where('s.active_account_id', '=', $.accountId)})`,
  sessions: (_, $) => sql`active_account_id = ${$.accountId}::uuid`,
};

const rowsOfUser: { readonly [Table in UserTable]?: Condition } = {
  referrals: (_, $) => sql`(inviter_user_id = ${$.userId}::uuid or invitee_user_id = ${$.userId}::uuid)`,
  refresh_tokens: ({ selectFrom }, $) =>
    sql`session_id in (${selectFrom('sessions as s')
      .select('s.id')
      .where('s.user_id', '=', sql<string>`${$.userId}::uuid`)})`,
  users: (_, $) => sql`id = ${$.userId}::uuid`,
};

/** Rows with content, of the tables whose rows stay without it. */
const withContent = {
  accounts: sql<SqlBool>`(name <> 'Erased account' or timezone is not null or low_credit_threshold is not null or second_factor_required_from is not null)`,
  audit_logs: sql<SqlBool>`(metadata <> '{}' or before_state is not null or after_state is not null or ip_address is not null or user_agent is not null)`,
  users: sql<SqlBool>`(username <> 'Erased user' or locale is not null or timezone is not null or last_login_at is not null)`,
};

const anonymizeAccount = statement<Batch>()((db, $) =>
  db
    .updateTable('accounts')
    .set({
      name: sql.lit('Erased account'),
      timezone: sql.lit(null),
      low_credit_threshold: sql.lit(null),
      second_factor_required_from: sql.lit(null),
    })
    .where('id', '=', $.accountId)
    .where(withContent.accounts),
);

const anonymizeAuditLog = statement<Batch>()((db, $) =>
  db
    .updateTable('audit_logs')
    .set({
      metadata: sql`'{}'::jsonb`,
      before_state: sql.lit(null),
      after_state: sql.lit(null),
      ip_address: sql.lit(null),
      user_agent: sql.lit(null),
    })
    .where('account_id', '=', $.accountId)
    .where(withContent.audit_logs)
    .where(({ eb, refTuple, selectFrom }) =>
      eb(
        refTuple('id', 'created_at'),
        'in',
        selectFrom('audit_logs as l')
          .select(['l.id', 'l.created_at'])
          .where('l.account_id', '=', $.accountId)
          .where(withContent.audit_logs)
          .limit($.limit)
          .$asTuple('id', 'created_at'),
      ),
    ),
);

/** The deletion of the user has removed their address. */
const anonymizeUser = statement<Batch>()((db, $) =>
  db
    .updateTable('users')
    .set({
      username: sql.lit('Erased user'),
      locale: sql.lit(null),
      timezone: sql.lit(null),
      last_login_at: sql.lit(null),
    })
    .where('id', '=', $.userId)
    .where('status', '=', sql.lit('deleted' as const))
    .where(withContent.users),
);

const anonymizing: Readonly<Record<keyof typeof withContent, Statement<Batch, unknown>>> = {
  accounts: anonymizeAccount,
  audit_logs: anonymizeAuditLog,
  users: anonymizeUser,
};

/** Some rows of a table, found by their place in it. */
const deleteRows = (table: AnyTable, isOwn: Condition) =>
  statement<Batch>()((db, $) =>
    db.deleteFrom(table).where(
      sql<SqlBool>`ctid = any(array(${db
        .selectFrom(table)
        .select(sql`ctid`.as('ctid'))
        .where((eb) => isOwn(eb, $))
        .limit($.limit)}))`,
    ),
  );

const countRows = (table: AnyTable, isOwn: Condition, condition?: ReturnType<typeof sql<SqlBool>>) =>
  statement<Target>()((db: Builder, $) =>
    db
      .selectFrom(table)
      .select(sql<number>`count(*)`.as('count'))
      .where((eb) => isOwn(eb, $))
      .where(condition ?? sql<SqlBool>`true`),
  );

/** Run by run, so that the primary key finds the events. */
const countEvents = statement<Target>()((db: Builder, $) =>
  db.selectNoFrom(({ fn, selectFrom }) =>
    fn
      .coalesce(
        selectFrom('runs as r')
          .innerJoinLateral(
            (eb) =>
              eb
                .selectFrom('run_events as e')
                .select(sql<number>`count(*)`.as('count'))
                .whereRef('e.run_id', '=', 'r.id')
                .as('of_run'),
            (join) => join.onTrue(),
          )
          .select(sql<number>`sum(of_run.count)::bigint`.as('count'))
          .where('r.account_id', '=', $.accountId)
          .$asScalar(),
        sql<number>`0::bigint`,
      )
      .$castTo<number>()
      .as('count'),
  ),
);

/** Tables whose rows name objects of the object store, or have no account. See `ownBatches.ts`. */
export const tablesWithOwnBatches = ['attachments', 'run_event_archives', 'run_events', 'workspace_objects', 'workspaces'] as const;

function stepOf(name: string, { rule, reason, ...more }: Rule, isOwn: Condition): Step {
  const table = name as AnyTable;
  const step = { table, rule, reason, isLast: 'isLast' in more, change: undefined, remaining: undefined, kept: undefined };
  // It has no index by account: in a large installation, the count would exceed the time limit of statements at every attempt.
  if (name === 'access_log') return step;
  if (rule === 'kept') return { ...step, kept: countRows(table, isOwn) };
  if (rule === 'anonymized') {
    const named = name as keyof typeof withContent;
    return { ...step, change: anonymizing[named], remaining: countRows(table, isOwn, withContent[named]), kept: countRows(table, isOwn) };
  }
  const hasOwnBatches = (tablesWithOwnBatches as readonly string[]).includes(name);
  const remaining = name === 'run_events' ? countEvents : countRows(table, isOwn);
  return { ...step, remaining, change: hasOwnBatches ? undefined : deleteRows(table, isOwn) };
}

/** A step for each table with a rule, in any order. */
export const accountSteps: readonly Step[] = Object.entries(accountRules).map(([table, rule]) =>
  stepOf(table, rule, ownRows[table as TenantTable] ?? byAccount),
);
export const userSteps: readonly Step[] = Object.entries(userRules).map(([table, rule]) =>
  stepOf(table, rule, rowsOfUser[table as UserTable] ?? byUser),
);
