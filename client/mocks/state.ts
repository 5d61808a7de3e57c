import type { ResourceType } from './resourceTypes.ts';

/** A resource in the format of the API. */
export type Json = Record<string, unknown>;

/** Newer rows have a higher `order`. `touch` moves a row to the front. */
export type Row = { order: number; owner: string; parents: Readonly<Record<string, string>>; value: Json };

export type User = {
  id: string;
  login: string;
  email: string | null;
  /** Null after the address was verified without a session of the user. */
  password: string | null;
  username: string;
  timezone: string | null;
  locale: string | null;
  isAdmin: boolean;
  status: 'active' | 'suspended';
  /** Id of the personal account. */
  accountId: string;
  created_at: string;
};

/** `rotated` holds the previous refresh tokens. */
export type Session = { id: string; userId: string; accountId: string; refreshToken: string; rotated: string[]; ended: boolean };

/** The stored response of an Idempotency-Key. */
export type StoredResponse = { request: string; status: number | 'working'; body: unknown; headers: Record<string, string> };

export class State {
  readonly users = new Map<string, User>();
  readonly sessions = new Map<string, Session>();
  readonly storedResponses = new Map<string, StoredResponse>();
  readonly files = new Map<string, { bytes: ArrayBuffer; type: string; name: string; owner: string }>();
  /** Ids of starred threads by user, in the order of starring. */
  readonly stars = new Map<string, Set<string>>();
  /** Redemptions, as `<code id> <user id>`. */
  readonly redeemed = new Set<string>();
  /** Number of fake values so far; part of the key of the next one. */
  fakeCount = 0;
  readonly #tables = new Map<string, Row[]>();
  #order = 0;

  /** Newest first. */
  rows({ name }: Pick<ResourceType, 'name'>, fits: (row: Row) => boolean = () => true): Row[] {
    return (this.#tables.get(name) ?? []).filter(fits).sort((a, b) => b.order - a.order);
  }

  add({ name }: Pick<ResourceType, 'name'>, row: Omit<Row, 'order'>): Row {
    const kept = { ...row, order: ++this.#order };
    const rows = this.#tables.get(name);
    if (rows) rows.push(kept);
    else this.#tables.set(name, [kept]);
    return kept;
  }

  /** Moves a row to the front of its lists. */
  touch(row: Row) {
    row.order = ++this.#order;
  }

  remove({ name }: Pick<ResourceType, 'name'>, fits: (row: Row) => boolean) {
    this.#tables.set(
      name,
      (this.#tables.get(name) ?? []).filter((row) => !fits(row)),
    );
  }

  clear() {
    for (const map of [this.users, this.sessions, this.storedResponses, this.files, this.stars, this.redeemed, this.#tables]) map.clear();
    this.fakeCount = 0;
    this.#order = 0;
  }
}
