import type { Tables } from '../../database/tables.ts';

type Stored = Omit<Tables, 'stored_bytes'>;
type WithColumn<Column extends string> = { [Table in keyof Stored]: Column extends keyof Stored[Table] ? Table : never }[keyof Stored];

/** Tables with data of accounts: those with `account_id`, and those that lead to an account over another column. */
export type TenantTable =
  | WithColumn<'account_id'>
  | 'accounts'
  | 'broadcasts'
  | 'llm_models'
  | 'refresh_tokens'
  | 'run_events'
  | 'sessions';

/** Tables about users that no account owns. */
export type UserTable = Exclude<WithColumn<'user_id'>, WithColumn<'account_id'>> | 'referrals' | 'users' | 'refresh_tokens';

/** What an erasure does to the rows of a table. The reasons are part of every proof. */
export type Rule =
  | { rule: 'deleted'; reason: null; isLast?: true }
  | { rule: 'anonymized'; reason: string }
  | { rule: 'kept'; reason: string };

const deleted: Rule = { rule: 'deleted', reason: null };
const anonymized = (reason: string): Rule => ({ rule: 'anonymized', reason });
const kept = (reason: string): Rule => ({ rule: 'kept', reason });

/** The compiler requires a rule for every table with `account_id`, and a test one for every table that refers to an account over another table. */
export const accountRules: Readonly<Record<TenantTable, Rule>> = {
  access_log: kept(
    'Log of the gateway, to find attacks: addresses and paths, no content. Its daily partitions are dropped after the configured number of days.',
  ),
  accounts: anonymized(
    'The slug stays reserved, so that nobody can pretend to be the account. Ledger and proof refer to the row; name and settings are removed.',
  ),
  api_key_usage: deleted,
  api_keys: deleted,
  asr_credentials: deleted,
  attachments: deleted,
  audit_logs: anonymized(
    'Who did what and when, for security. Details, states, addresses and user agents are removed; the rows expire with the audit log.',
  ),
  broadcasts: kept('Written by the platform to the members of the account. The copies that members received are deleted.'),
  chat_completions: deleted,
  credit_alerts: deleted,
  credit_balances: kept('The sum of the ledger.'),
  credit_transactions: kept('The ledger is append-only and proves what was charged and granted.'),
  entitlement_overrides: deleted,
  erasures: kept('The record of erasures, which outlives the account.'),
  feature_flag_overrides: deleted,
  invitations: deleted,
  ip_rules: deleted,
  llm_models: deleted,
  llm_providers: deleted,
  mcp_configs: deleted,
  memberships: deleted,
  memories: deleted,
  mcp_prompt_requests: deleted,
  messages: deleted,
  notifications: deleted,
  personas: deleted,
  projects: deleted,
  // Triggers of other tables change its rows.
  quota_usage: { ...deleted, isLast: true },
  redemptions: kept('Limits a code to one use for each user. They belong to users, who stay when an account ends.'),
  refresh_tokens: deleted,
  run_event_archives: deleted,
  run_events: deleted,
  run_turns: deleted,
  runs: deleted,
  schedule_occurrences: deleted,
  schedules: deleted,
  sessions: deleted,
  skill_files: deleted,
  skills: deleted,
  subscriptions: kept('Plans and periods, which invoices refer to.'),
  team_members: deleted,
  teams: deleted,
  thread_attachments: deleted,
  thread_reports: deleted,
  thread_share_messages: deleted,
  thread_shares: deleted,
  thread_stars: deleted,
  thread_summaries: deleted,
  threads: deleted,
  tool_providers: deleted,
  usage_records: kept('Tokens and cost of each run, which invoices refer to. They have no content.'),
  usage_rollups: kept('Sums of the usage records.'),
  webhook_deliveries: deleted,
  webhook_endpoints: deleted,
  webhook_messages: deleted,
  webhook_replays: deleted,
  workspace_objects: deleted,
  workspaces: deleted,
};

/** For the erasure of a deleted user, beside the rules of their personal account. */
export const userRules: Readonly<Record<UserTable, Rule>> = {
  credentials: deleted,
  email_verifications: deleted,
  identity_flows: deleted,
  invite_codes: kept('Invited users refer to them. A code is random and says nothing about its user.'),
  login_codes: deleted,
  passkey_challenges: deleted,
  passkeys: deleted,
  referrals: kept('Who has invited whom, which credits in the ledger of others refer to.'),
  refresh_tokens: deleted,
  second_factors: deleted,
  service_keys: kept('Keys of the platform, which end with the rights of their user.'),
  sessions: deleted,
  sign_in_challenges: deleted,
  user_identities: deleted,
  users: anonymized('Rows of other accounts and the ledger refer to it. Name, language and times are removed.'),
};

/** Where copies can exist that an erasure does not reach. Part of every proof. */
export const notCovered: readonly string[] = [
  'Backups of the database and of the object store have the data until they expire.',
  'Responses that are stored for idempotency keys are sealed, do not tell their account, and are deleted after 24 hours.',
  'Mail, webhooks, model providers and tool servers have received what was sent to them.',
  'Entries about the user in the audit logs of the platform and of other accounts, and of failed sign-ins, have addresses and user agents until they expire.',
  'Logs of the processes and traces have ids and addresses until they expire.',
];
