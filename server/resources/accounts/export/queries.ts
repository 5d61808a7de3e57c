import { sql } from 'kysely';
import { type Builder, type Parameters, type Statement, statement } from '../../../database/statement.ts';
import { isThreadReadable } from '../../threads/visibility.ts';

/** `userId` is who exports: of conversations and files, an export has what they can read. */
export type Exported = { accountId: string; userId: string };
type $ = Parameters<Exported>;

/** The threads that the user can read, with the hidden ones of their sub-agents. */
const withThreads = (db: Builder, $: $) =>
  db
    .with('readable', (q) =>
      q
        .selectFrom('threads as t')
        .select('t.id')
        .where('t.account_id', '=', $.accountId)
        .where(isThreadReadable({ accountId: $.accountId, userId: $.userId, seesAll: sql<boolean>`true` })),
    )
    .with('exported', (q) =>
      q
        .selectFrom('threads as c')
        .select('c.id')
        .where('c.account_id', '=', $.accountId)
        .where('c.deleted_at', 'is', null)
        .where(({ eb, or, selectFrom }) =>
          or([
            eb('c.id', 'in', selectFrom('readable').select('readable.id')),
            eb('c.root_thread_id', 'in', selectFrom('readable').select('readable.id')),
          ]),
        ),
    );

type Table = 'teams' | 'team_members' | 'personas' | 'ip_rules' | 'credit_transactions' | 'usage_records' | 'audit_logs' | 'subscriptions';

/** Everything of a table without secrets. */
const whole = (table: Table) =>
  statement<Exported>({ bound: 'cursor' })((db, $) => db.selectFrom(table).selectAll().where('account_id', '=', $.accountId));

const projects = statement<Exported>({ bound: 'cursor' })((db, $) =>
  db.selectFrom('projects').selectAll().where('account_id', '=', $.accountId).where('deleted_at', 'is', null),
);

const account = statement<Exported>({ bound: 'cursor' })((db, $) =>
  db
    .selectFrom('accounts')
    .select(['id', 'slug', 'name', 'type', 'status', 'owner_user_id', 'timezone', 'created_at'])
    .where('id', '=', $.accountId),
);

const members = statement<Exported>({ bound: 'cursor' })((db, $) =>
  db
    .selectFrom('memberships as m')
    .innerJoin('users as u', 'u.id', 'm.user_id')
    .select(['m.user_id', 'm.role', 'm.created_at', 'u.username', 'u.email'])
    .where('m.account_id', '=', $.accountId)
    .orderBy('m.created_at'),
);

const invitations = statement<Exported>({ bound: 'cursor' })((db, $) =>
  db
    .selectFrom('invitations')
    .select(['id', 'invited_by_user_id', 'email', 'role', 'expires_at', 'accepted_at', 'created_at'])
    .where('account_id', '=', $.accountId),
);

const apiKeys = statement<Exported>({ bound: 'cursor' })((db, $) =>
  db
    .selectFrom('api_keys')
    .select(['id', 'user_id', 'name', 'key_prefix', 'scopes', 'expires_at', 'models', 'last_used_at', 'revoked_at', 'created_at'])
    .where('account_id', '=', $.accountId),
);

const llmProviders = statement<Exported>({ bound: 'cursor' })((db, $) =>
  db
    .selectFrom('llm_providers')
    .select(['id', 'provider', 'name', 'base_url', 'openai_api_mode', 'created_at'])
    .where('account_id', '=', $.accountId),
);

const llmModels = statement<Exported>({ bound: 'cursor' })((db, $) =>
  db
    .selectFrom('llm_models as m')
    .innerJoin('llm_providers as p', 'p.id', 'm.provider_id')
    .select(['m.id', 'm.provider_id', 'm.model', 'm.priority', 'm.is_default', 'm.show_in_picker', 'm.tags', 'm.created_at'])
    .where('p.account_id', '=', $.accountId),
);

const mcpConfigs = statement<Exported>({ bound: 'cursor' })((db, $) =>
  db
    .selectFrom('mcp_configs')
    .select(['id', 'name', 'transport', 'url', 'is_active', 'created_at', 'updated_at'])
    .where('account_id', '=', $.accountId),
);

const webhookEndpoints = statement<Exported>({ bound: 'cursor' })((db, $) =>
  db
    .selectFrom('webhook_endpoints')
    .select(['id', 'url', 'events', 'enabled', 'disabled_reason', 'filter_project_ids', 'filter_persona_ids', 'header_names', 'created_at'])
    .where('account_id', '=', $.accountId),
);

/** What callers store with a call is shown to its user only. */
const chatCompletions = statement<Exported>({ bound: 'cursor' })((db, $) =>
  db
    .selectFrom('chat_completions')
    .select(['id', 'created_by_user_id', 'api_key_id', 'status', 'model', 'usage', 'cost_usd', 'created_at', 'ended_at'])
    .select((eb) =>
      (['end_user', 'metadata'] as const).map((column) =>
        eb.case().when('created_by_user_id', '=', $.userId).then(eb.ref(column)).end().as(column),
      ),
    )
    .where('account_id', '=', $.accountId),
);

const skills = statement<Exported>({ bound: 'cursor' })((db, $) =>
  db
    .selectFrom('skills')
    .select(['id', 'name', 'description', 'is_active', 'created_at', 'updated_at'])
    .where('account_id', '=', $.accountId),
);

const skillFiles = statement<Exported>({ bound: 'cursor' })((db, $) =>
  db
    .selectFrom('skill_files')
    .select(['skill_id', 'path', 'size', sql<string>`encode(content, 'base64')`.as('content_base64')])
    .where('account_id', '=', $.accountId),
);

/** Only their own: nobody else can list memories and schedules. */
const memories = statement<Exported>({ bound: 'cursor' })((db, $) =>
  db
    .selectFrom('memories')
    .select(['id', 'user_id', 'content', 'source', 'thread_id', 'created_at', 'updated_at'])
    .where('account_id', '=', $.accountId)
    .where('user_id', '=', $.userId),
);

const schedules = statement<Exported>({ bound: 'cursor' })((db, $) =>
  db
    .selectFrom('schedules')
    .select(['id', 'name', 'cron', 'run_at', 'timezone', 'persona_id', 'input', 'thread_id', 'status', 'created_at', 'updated_at'])
    .where('account_id', '=', $.accountId)
    .where('created_by_user_id', '=', $.userId),
);

const threads = statement<Exported>({ bound: 'cursor' })((db, $) =>
  withThreads(db, $)
    .selectFrom('threads as t')
    .select(['t.id', 't.created_by_user_id', 't.title', 't.project_id', 't.is_private', 't.parent_thread_id', 't.root_thread_id'])
    .select(['t.created_at', 't.updated_at', 't.archived_at'])
    .where('t.account_id', '=', $.accountId)
    .where('t.id', 'in', (q) => q.selectFrom('exported').select('exported.id')),
);

const messages = statement<Exported>({ bound: 'cursor' })((db, $) =>
  withThreads(db, $)
    .selectFrom('messages as m')
    .select([
      'm.id',
      'm.thread_id',
      'm.number',
      'm.created_by_user_id',
      'm.role',
      'm.content',
      'm.content_json',
      'm.run_id',
      'm.created_at',
    ])
    .where('m.account_id', '=', $.accountId)
    .where('m.visible', '=', sql.lit(true))
    .where('m.thread_id', 'in', (q) => q.selectFrom('exported').select('exported.id'))
    .orderBy('m.thread_id')
    .orderBy('m.number'),
);

const runs = statement<Exported>({ bound: 'cursor' })((db, $) =>
  withThreads(db, $)
    .selectFrom('runs as r')
    .select(['r.id', 'r.thread_id', 'r.parent_run_id', 'r.created_by_user_id', 'r.source', 'r.status', 'r.model', 'r.persona_id'])
    .select(['r.total_input_tokens', 'r.total_output_tokens', 'r.total_cost_usd', 'r.error', 'r.trace_id'])
    .select(['r.created_at', 'r.completed_at', 'r.failed_at', 'r.cancelled_at'])
    .where('r.account_id', '=', $.accountId)
    .where('r.thread_id', 'in', (q) => q.selectFrom('exported').select('exported.id')),
);

const runEvents = statement<Exported>({ bound: 'cursor' })((db, $) =>
  withThreads(db, $)
    .selectFrom('runs as r')
    .innerJoin('run_events as e', 'e.run_id', 'r.id')
    .select(['e.run_id', 'e.seq', 'e.event_id', 'e.type', 'e.data', 'e.created_at'])
    .where('r.account_id', '=', $.accountId)
    .where('r.thread_id', 'in', (q) => q.selectFrom('exported').select('exported.id'))
    .orderBy('e.run_id')
    .orderBy('e.seq'),
);

/** The lines of each file of an export, in this order. Columns with secrets are not selected. */
export const exportedRows: Readonly<Record<string, Statement<Exported, object>>> = {
  account,
  members,
  teams: whole('teams'),
  team_members: whole('team_members'),
  invitations,
  projects,
  personas: whole('personas'),
  skills,
  skill_files: skillFiles,
  api_keys: apiKeys,
  llm_providers: llmProviders,
  llm_models: llmModels,
  mcp_configs: mcpConfigs,
  webhook_endpoints: webhookEndpoints,
  ip_rules: whole('ip_rules'),
  subscriptions: whole('subscriptions'),
  credit_transactions: whole('credit_transactions'),
  usage_records: whole('usage_records'),
  chat_completions: chatCompletions,
  audit_logs: whole('audit_logs'),
  memories,
  schedules,
  threads,
  messages,
  runs,
  run_events: runEvents,
};

/** Objects with the events of archived runs. */
export const exportedArchives = statement<Exported>({ bound: 'cursor' })((db, $) =>
  withThreads(db, $)
    .selectFrom('runs as r')
    .innerJoin('run_event_archives as a', (join) =>
      join
        .onRef('a.run_id', '=', 'r.id')
        .onRef('a.account_id', '=', 'r.account_id')
        .on('a.state', '=', sql.lit('kept' as const)),
    )
    .select(['a.run_id', 'a.parts'])
    .where('r.account_id', '=', $.accountId)
    .where('r.thread_id', 'in', (q) => q.selectFrom('exported').select('exported.id')),
);

export const exportedAttachments = statement<Exported>({ bound: 'cursor' })((db, $) =>
  withThreads(db, $)
    .selectFrom('attachments as a')
    .select(['a.id', 'a.name', 'a.mime_type', 'a.size', 'a.sha256', 'a.created_at'])
    .where('a.account_id', '=', $.accountId)
    .where('a.id', 'in', (q) =>
      q
        .selectFrom('thread_attachments as u')
        .select('u.attachment_id')
        .where('u.account_id', '=', $.accountId)
        .where('u.thread_id', 'in', (of) => of.selectFrom('exported').select('exported.id')),
    ),
);

/** The workspaces of the user, whose files nobody else can read. */
export const exportedWorkspaces = statement<Exported>({ bound: 'cursor' })((db, $) =>
  db
    .selectFrom('workspaces')
    .select(['project_id', 'workspace_ref', 'manifest_rev'])
    .where('account_id', '=', $.accountId)
    .where('owner_user_id', '=', $.userId)
    .where('manifest_rev', 'is not', null)
    .where('project_id', 'in', (q) =>
      q.selectFrom('projects').select('id').where('account_id', '=', $.accountId).where('deleted_at', 'is', null),
    ),
);
