import type { Kind } from './kinds.ts';

/** A value as the API publishes it. */
export type Json = Record<string, unknown>;

/** A thing that is kept. Later rows have larger numbers; an activity moves a row to the front. */
export type Row = { order: number; owner: string; parents: Readonly<Record<string, string>>; value: Json };

/** Somebody who registered. */
export type User = {
  id: string;
  login: string;
  email: string | null;
  /** Null once the address was proven without it. */
  password: string | null;
  username: string;
  timezone: string | null;
  locale: string | null;
  isAdmin: boolean;
  /** The personal account. */
  accountId: string;
  created_at: string;
};

/** A sign-in: its tokens are replaced at each refresh. */
export type Session = { id: string; userId: string; accountId: string; refreshToken: string; rotated: string[]; ended: boolean };

/** An answer that a repeated request gets again. */
export type Kept = { request: string; status: number | 'working'; body: unknown; headers: Record<string, string> };

/** What the mock knows. */
export class State {
  readonly users = new Map<string, User>();
  readonly sessions = new Map<string, Session>();
  readonly kept = new Map<string, Kept>();
  readonly files = new Map<string, { bytes: ArrayBuffer; type: string; name: string; owner: string }>();
  /** The ids of starred threads by user, in the order of starring. */
  readonly stars = new Map<string, Set<string>>();
  /** The redemption codes that were redeemed, and by whom: the id of the code and that of the user. */
  readonly redeemed = new Set<string>();
  /** The number of fakes that were made for new things. */
  made = 0;
  readonly #tables = new Map<string, Row[]>();
  #order = 0;

  /** The rows of a kind, newest first. */
  rows({ name }: Pick<Kind, 'name'>, fits: (row: Row) => boolean = () => true): Row[] {
    return (this.#tables.get(name) ?? []).filter(fits).sort((a, b) => b.order - a.order);
  }

  add({ name }: Pick<Kind, 'name'>, row: Omit<Row, 'order'>): Row {
    const kept = { ...row, order: ++this.#order };
    const rows = this.#tables.get(name);
    if (rows) rows.push(kept);
    else this.#tables.set(name, [kept]);
    return kept;
  }

  /** Move a row to the front of its lists. */
  touch(row: Row) {
    row.order = ++this.#order;
  }

  remove({ name }: Pick<Kind, 'name'>, fits: (row: Row) => boolean) {
    this.#tables.set(
      name,
      (this.#tables.get(name) ?? []).filter((row) => !fits(row)),
    );
  }

  clear() {
    for (const map of [this.users, this.sessions, this.kept, this.files, this.stars, this.redeemed, this.#tables]) map.clear();
    this.made = 0;
    this.#order = 0;
  }
}
