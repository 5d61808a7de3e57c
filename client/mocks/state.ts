import { fromBase64 } from '../core/signing.ts';
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
  /** `enabledAt` is null until the setup is confirmed. */
  secondFactor?: { enabledAt: string | null; recoveryCodes: string[] };
  /** IDs of passkeys by those of their credentials. */
  passkeys?: Record<string, string>;
};

/** `rotated` holds the previous refresh tokens. */
export type Session = {
  id: string;
  userId: string;
  accountId: string;
  refreshToken: string;
  rotated: string[];
  ended: boolean;
  isConfirmed?: boolean;
};

/** A challenge for a passkey that was issued and not used. `expiresAt` in milliseconds since 1970. */
export type PasskeyChallenge = {
  purpose: 'sign_in' | 'registration' | 'confirmation';
  /** Undefined for a sign-in, unless it needs a second factor. */
  userId?: string;
  /** The session in which the passkey is registered or confirms. */
  sessionId?: string | undefined;
  expiresAt: number;
};

/** The stored response of an Idempotency-Key. */
export type StoredResponse = { request: string; status: number | 'working'; body: unknown; headers: Record<string, string> };

type Entries<Value> = readonly (readonly [key: string, value: Value])[];
type StoredFile = { bytes: ArrayBuffer; type: string; name: string; owner: string };

/** The state as JSON. */
export type StoredState = {
  users: Entries<User>;
  sessions: Entries<Session>;
  files: Entries<Omit<StoredFile, 'bytes'> & { base64: string }>;
  stars: Entries<readonly string[]>;
  redeemed: string[];
  tables: Entries<Row[]>;
  fakeCount: number;
  order: number;
};

const toBase64 = (bytes: ArrayBuffer) => btoa(Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join(''));

export class State {
  readonly users = new Map<string, User>();
  readonly sessions = new Map<string, Session>();
  readonly challenges = new Map<string, PasskeyChallenge>();
  readonly storedResponses = new Map<string, StoredResponse>();
  readonly files = new Map<string, StoredFile>();
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

  /** Everything but challenges and stored responses, which are of the last minutes. */
  toJSON(): StoredState {
    const files = [...this.files].map(([key, { bytes, ...file }]) => [key, { ...file, base64: toBase64(bytes) }] as const);
    const stars = [...this.stars].map(([id, ids]) => [id, [...ids]] as const);
    const { fakeCount } = this;
    const lists = { users: [...this.users], sessions: [...this.sessions], redeemed: [...this.redeemed], tables: [...this.#tables] };
    return { ...lists, files, stars, fakeCount, order: this.#order };
  }

  /** Adds what `toJSON` returned to an empty state. */
  restore({ users, sessions, redeemed, tables, files, stars, fakeCount, order }: StoredState) {
    for (const [id, user] of users) this.users.set(id, user);
    for (const [id, session] of sessions) this.sessions.set(id, session);
    for (const [key, { base64, ...file }] of files)
      this.files.set(key, { ...file, bytes: (fromBase64(base64) ?? new Uint8Array()).buffer });
    for (const [id, ids] of stars) this.stars.set(id, new Set(ids));
    for (const mark of redeemed) this.redeemed.add(mark);
    for (const [name, rows] of tables) this.#tables.set(name, rows);
    this.fakeCount = fakeCount;
    this.#order = order;
  }

  clear() {
    for (const map of [
      this.users,
      this.sessions,
      this.challenges,
      this.storedResponses,
      this.files,
      this.stars,
      this.redeemed,
      this.#tables,
    ])
      map.clear();
    this.fakeCount = 0;
    this.#order = 0;
  }
}
