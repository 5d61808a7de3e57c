import { Migration } from '@mikro-orm/migrations';

/** Keys of proofs can be replaced, and then lose their private key. An index finds the sessions of an account that is erased. */
export class Migration00073 extends Migration {
  override up(): void {
    this.addSql('alter table signing_keys alter private_key_sealed drop not null, add retired_at timestamptz(3)');
    this.addSql('create index sessions_account on sessions (active_account_id)');
  }

  override down(): void {
    this.addSql('drop index sessions_account');
    this.addSql(`update signing_keys set private_key_sealed = '' where private_key_sealed is null`);
    this.addSql('alter table signing_keys alter private_key_sealed set not null, drop retired_at');
  }
}
