import { createHmac, hkdfSync } from 'node:crypto';

/** A secret, and the id by which sealed values and tokens name it. The id is public: it does not tell the secret. */
export type Key = Readonly<{ id: string; secret: Buffer }>;

/**
 * The keys for one purpose, newest first: the first one seals and signs, all of them open and verify. `namesKeys`: whether sealed values carry the id of
 * their key, which versions before 0.2 cannot read.
 */
export type Keyring = Readonly<{ keys: readonly [Key, ...Key[]]; namesKeys: boolean }>;

/** A ring of secrets, newest first. Repeated secrets count once. */
export function keyringOf(secrets: readonly Buffer[], { namesKeys = false } = {}): Keyring {
  const keys = new Map(secrets.map((secret) => [secret.toString('hex'), { id: keyIdOf(secret), secret }]));
  const [newest, ...older] = keys.values();
  if (!newest) throw new Error('A ring needs a key.');
  return { keys: [newest, ...older], namesKeys };
}

/** 8 bytes in hex, derived from the secret. */
const keyIdOf = (secret: Buffer) => deriveKey(secret, 'key id').toString('hex', 0, 8);

/** A 32-byte key for one purpose, derived from a secret by HKDF-SHA256 (RFC 5869). Different labels give unrelated keys. */
export function deriveKey(secret: Buffer, label: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), `arkloop:${label}`, 32));
}

/** The ring of the keys that are derived from each key of a ring for one purpose. Values sealed with it do not name their key. */
export function deriveKeyring({ keys: [newest, ...older] }: Keyring, label: string): Keyring {
  const derived = ({ id, secret }: Key): Key => ({ id, secret: deriveKey(secret, label) });
  return { keys: [derived(newest), ...older.map(derived)], namesKeys: false };
}

/**
 * HMAC-SHA256 under the keys that are derived for one purpose, one for each key of the ring. The first is that of a new value; a stored one may equal any
 * of them.
 */
export function hmacsOf(ring: Keyring, label: string, text: string | Buffer): [Buffer, ...Buffer[]] {
  const hmac = ({ secret }: Key) => createHmac('sha256', secret).update(text).digest();
  const [newest, ...older] = deriveKeyring(ring, label).keys;
  return [hmac(newest), ...older.map(hmac)];
}
