import { Migration } from '@mikro-orm/migrations';

/**
 * `leftovers_since`: when a workspace first had revisions replaced by newer ones. `sweeps`: how often those were removed. A write that reads a
 * different number of sweeps restarts.
 */
export class Migration00021 extends Migration {
  override up(): void {
    this.addSql(`alter table workspaces add column leftovers_since timestamptz(3), add column sweeps integer not null default 0`);
    this.addSql(`update workspaces set leftovers_since = now() where manifest_rev is not null`);
    this.addSql(`create index workspaces_leftovers on workspaces (leftovers_since) where leftovers_since is not null`);
  }

  override down(): void {
    this.addSql('alter table workspaces drop column sweeps, drop column leftovers_since');
  }
}
