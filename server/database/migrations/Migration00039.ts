import { Migration } from '@mikro-orm/migrations';

/** Marks titles that are the first words of a message, until a run generates a better one. */
export class Migration00039 extends Migration {
  override up(): void {
    this.addSql(`alter table "threads" add "title_provisional" boolean not null default false`);
  }

  override down(): void {
    this.addSql(`alter table "threads" drop column "title_provisional"`);
  }
}
