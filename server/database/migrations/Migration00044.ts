import { Migration } from '@mikro-orm/migrations';

/** Chat completions, and the ledger entries that they cause. */
export class Migration00044 extends Migration {
  override up(): void {
    this.addSql(create);
    this.addSql(causes([...earlierCauses, 'chat_completion']));
    this.addSql(
      "create unique index credit_transactions_completion on credit_transactions (account_id, reference_id) where (reference_type = 'chat_completion')",
    );
  }

  override down(): void {
    this.addSql('drop index credit_transactions_completion');
    // The ledger entries of completions stay: their sum is the balance. They become corrections.
    this.addSql("update credit_transactions set reference_type = 'admin_adjust' where reference_type = 'chat_completion'");
    this.addSql(causes(earlierCauses));
    this.addSql('drop table chat_completions');
  }
}

const create = `
create table chat_completions (
  account_id uuid not null,
  id uuid not null,
  created_by_user_id uuid not null references users (id),
  api_key_id uuid,
  status text not null default 'running' check (status in ('running', 'completed', 'failed', 'cancelled')),
  model text not null,
  route jsonb not null,
  reserved_credits bigint not null default 0,
  usage jsonb,
  cost_usd numeric(18, 6) not null default 0,
  end_user text,
  metadata jsonb,
  trace_id text not null,
  created_at timestamptz(3) not null default now(),
  expires_at timestamptz(3) not null,
  ended_at timestamptz(3),
  primary key (account_id, id),
  constraint chat_completions_reserved_check check (reserved_credits >= 0)
);
create index chat_completions_running on chat_completions (account_id, reserved_credits) where (status = 'running');
create index chat_completions_expiring on chat_completions (expires_at) where (status = 'running');
create index chat_completions_ended on chat_completions (account_id, ended_at) where (status <> 'running')`;

const earlierCauses = [
  'initial_grant',
  'monthly_grant',
  'admin_adjust',
  'admin_bulk_adjust',
  'admin_reset',
  'redemption_code',
  'referral',
  'run',
  'sandbox',
];

const causes = (list: readonly string[]) => `
alter table credit_transactions drop constraint credit_transactions_cause;
alter table credit_transactions add constraint credit_transactions_cause
  check (reference_type in (${list.map((cause) => `'${cause}'`).join(', ')})) not valid;
alter table credit_transactions validate constraint credit_transactions_cause`;
