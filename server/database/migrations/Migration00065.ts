import { Migration } from '@mikro-orm/migrations';

/** The service key of a request in the access log. Earlier entries have its id as that of their user. */
export class Migration00065 extends Migration {
  override up(): void {
    this.addSql(`alter table access_log add service_key_id text not null default ''`);
  }

  override down(): void {
    this.addSql('alter table access_log drop column service_key_id');
  }
}
