import { Migration } from '@mikro-orm/migrations';

/** Keeps the text of a file, so that runs do not read documents. */
export class Migration00046 extends Migration {
  override up(): void {
    this.addSql(`alter table "attachments" add "extracted_text" text null`);
  }

  override down(): void {
    this.addSql(`alter table "attachments" drop column "extracted_text"`);
  }
}
