import { Migration } from '@mikro-orm/migrations';

/** The credit ledger: one row per reference, a sign that matches the type, append-only. Usage records get their user and time. */
export class Migration00013 extends Migration {
  override up(): void {
    for (const part of [columns, owners, rules, once, appendOnly, usage]) this.addSql(part);
  }

  override down(): void {
    this.addSql(back);
  }
}

const columns = `
alter table credit_transactions add column note text, add column user_id uuid references users (id);
`;

// The ledger rows of a code in an account are in the order of its redemptions.
const owners = `
update credit_transactions t set user_id = owner.user_id
from (
  select account_id, code_id, user_id, row_number() over (partition by account_id, code_id order by created_at, user_id) as n from redemptions) owner
join (
  select account_id, id, reference_id, row_number() over (partition by account_id, reference_id order by created_at, id) as n
  from credit_transactions where reference_type = 'redemption_code') paid
  on paid.account_id = owner.account_id and paid.reference_id = owner.code_id and paid.n = owner.n
where t.account_id = paid.account_id and t.id = paid.id;
`;

// 2^53 - 1, the largest integer that JSON carries exactly.
const rules = `
alter table credit_balances add constraint credit_balances_exact check (balance <= 9007199254740991);
alter table credit_transactions add constraint credit_transactions_sign check (
  (type = 'credit' and amount > 0) or (type = 'debit' and amount < 0));
alter table credit_transactions add constraint credit_transactions_cause check (reference_type in (
  'initial_grant', 'monthly_grant', 'admin_adjust', 'admin_bulk_adjust', 'admin_reset', 'redemption_code', 'referral', 'run', 'sandbox'));
`;

// A user redeems a code once, and a referral credits each side once, regardless of the account.
const once = `
drop index credit_transactions_reference;
create unique index credit_transactions_once on credit_transactions (account_id, reference_type, reference_id)
  where reference_type in ('initial_grant', 'admin_bulk_adjust', 'admin_reset', 'run');
create unique index credit_transactions_window on credit_transactions (account_id, reference_id, (metadata ->> 'window_start'))
  where reference_type = 'monthly_grant';
create unique index credit_transactions_redemption on credit_transactions (reference_id, user_id) where reference_type = 'redemption_code';
create unique index credit_transactions_referral on credit_transactions (reference_id, (metadata ->> 'role')) where reference_type = 'referral';
`;

// Accounts and users are only marked as deleted, so no deletion cascades to the ledger.
const appendOnly = `
create function refuse_ledger_change() returns trigger language plpgsql as $$
begin
  raise exception 'the ledger of credits is append-only' using errcode = 'restrict_violation';
end $$;
create trigger credit_transactions_append_only before update or delete or truncate on credit_transactions
  for each statement execute function refuse_ledger_change();
`;

// Platform statistics read long periods, for which a BRIN index of a few pages is sufficient.
const usage = `
alter table usage_records rename column created_at to recorded_at;
alter table usage_records add column user_id uuid references users (id), add column shortfall bigint not null default 0 check (shortfall >= 0);
update usage_records u set model = coalesce(u.model, 'unknown'),
  user_id = (select r.created_by_user_id from runs r where r.account_id = u.account_id and r.id = u.run_id);
alter table usage_records alter column model set not null, alter column model set default 'unknown';
create index usage_records_account on usage_records (account_id, recorded_at);
create index usage_records_time on usage_records using brin (recorded_at);
`;

const back = `
drop index usage_records_account, usage_records_time;
alter table usage_records drop column user_id, drop column shortfall, alter column model drop not null, alter column model drop default;
alter table usage_records rename column recorded_at to created_at;
drop trigger credit_transactions_append_only on credit_transactions;
drop function refuse_ledger_change;
drop index credit_transactions_once, credit_transactions_window, credit_transactions_redemption, credit_transactions_referral;
create unique index credit_transactions_reference on credit_transactions (reference_type, reference_id, account_id, type)
  where reference_type in ('initial_grant', 'admin_bulk_adjust', 'admin_reset', 'referral', 'run');
alter table credit_transactions drop constraint credit_transactions_sign, drop constraint credit_transactions_cause, drop column note, drop column user_id;
alter table credit_balances drop constraint credit_balances_exact;
`;
