import { Migration } from '@mikro-orm/migrations';

/** Lets a check be sent together with the commit that depends on it: if it fails, the transaction is repeated. */
export class Migration00077 extends Migration {
  override up(): void {
    this.addSql(`
create function repeat_unless(holds boolean) returns void language plpgsql as $$
begin
  if holds is not true then
    raise exception 'decided on what has changed' using errcode = 'serialization_failure';
  end if;
end $$`);
  }

  override down(): void {
    this.addSql('drop function repeat_unless');
  }
}
