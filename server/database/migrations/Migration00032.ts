import { Migration } from '@mikro-orm/migrations';

/**
 * Credits that an open run reserves, and the data for estimated usage: the size of the prompt, and a flag. See
 * docs/decisions/0020-estimates-and-reservations.md.
 */
export class Migration00032 extends Migration {
  override up(): void {
    this.addSql(`alter table runs add column reserved_credits bigint not null default 0 check (reserved_credits >= 0),
      add column prompt_tokens integer not null default 0,
      add column usage_estimated boolean not null default false`);
    this.addSql('alter table usage_records add column estimated boolean not null default false');
  }

  override down(): void {
    this.addSql('alter table runs drop column reserved_credits, drop column prompt_tokens, drop column usage_estimated');
    this.addSql('alter table usage_records drop column estimated');
  }
}
