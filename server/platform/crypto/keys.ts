import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { readSecret, secretFile } from '../config/dataDir.ts';
import { OperatorError } from '../operatorError.ts';
import { type Keyring, keyringOf } from './keyring.ts';

/** The secrets of an installation: the HS256 keys of access tokens and the 32-byte AES-256-GCM keys of stored secrets. */
export type Keys = Readonly<{ jwtSecrets: Keyring; encryptionKeys: Keyring }>;

/** Keys as texts, newest first: encryption keys in hex. `namesKeys` as in `Keyring`: of encryption keys, whether they are a ring or the single key. */
export type KeyTexts = { jwtSecrets: string[]; encryptionKeys: string[]; namesKeys: boolean };

type KeyConfig = Pick<Config, 'authJwtSecrets' | 'authJwtSecret' | 'encryptionKeys' | 'encryptionKey'>;

/** The configured keys of access tokens. Undefined if there are none. */
export const configuredJwtSecrets = ({ authJwtSecrets, authJwtSecret }: Pick<KeyConfig, 'authJwtSecrets' | 'authJwtSecret'>) =>
  jwtRing(configured(authJwtSecrets, authJwtSecret));

/** Whether all keys are configured, so that none is read from the data folder. */
export const hasConfiguredKeys = (config: KeyConfig): boolean =>
  configured(config.authJwtSecrets, config.authJwtSecret).length > 0 && configured(config.encryptionKeys, config.encryptionKey).length > 0;

/**
 * Reads the keys from the configuration, or else from the data folder, where they are generated once. The single variable or file is the oldest key of
 * its ring. Throws an `OperatorError` if a key file is damaged.
 */
export async function readKeys(config: KeyConfig, dataDir: string): Promise<Keys> {
  return {
    jwtSecrets: configuredJwtSecrets(config) ?? jwtRing(await jwtFiles(dataDir))!,
    encryptionKeys:
      encryptionRing(configured(config.encryptionKeys, config.encryptionKey), config.encryptionKeys !== undefined) ??
      (await encryptionFiles(dataDir)),
  };
}

/** The keys as they are configured or stored in the data folder, newest first. Generates none, so that both lists may be empty. */
export async function existingKeys(config: KeyConfig, dataDir: string): Promise<KeyTexts> {
  const stored = async (name: 'jwt-secret' | 'encryption-key') => {
    const { secrets, hasRing } = await keyFiles(dataDir, name);
    return { texts: secrets.map(({ text }) => text), hasRing };
  };
  const [jwtSecrets, encryptionKeys] = [
    configured(config.authJwtSecrets, config.authJwtSecret),
    configured(config.encryptionKeys, config.encryptionKey),
  ];
  const encryption =
    encryptionKeys.length > 0 ? { texts: encryptionKeys, hasRing: config.encryptionKeys !== undefined } : await stored('encryption-key');
  return {
    jwtSecrets: jwtSecrets.length > 0 ? jwtSecrets : (await stored('jwt-secret')).texts,
    encryptionKeys: encryption.texts,
    namesKeys: encryption.hasRing,
  };
}

/** Writes keys to a data folder that has none. The encryption keys last: with them, the folder has what a restore needs. */
export async function storeKeys({ jwtSecrets, encryptionKeys, namesKeys }: Partial<KeyTexts>, dataDir: string): Promise<void> {
  const store = async (name: 'jwt-secret' | 'encryption-key', texts: readonly string[] = [], isRing = false) => {
    if (texts.length > 0) await secretFile(dataDir, isRing || texts.length > 1 ? `${name}s` : name, () => texts.join('\n'));
  };
  await store('jwt-secret', jwtSecrets);
  await store('encryption-key', encryptionKeys, namesKeys);
}

/** The ids of encryption keys, in their order. Empty for no keys. */
export const encryptionKeyIdsOf = (keys: readonly string[]): string[] => encryptionRing([...keys], false)?.keys.map(({ id }) => id) ?? [];

const configured = (ring: string[] | undefined, single: string | undefined) => [...(ring ?? []), ...(single === undefined ? [] : [single])];

const jwtRing = (secrets: string[]) => (secrets.length > 0 ? keyringOf(secrets.map((each) => Buffer.from(each, 'utf8'))) : undefined);

const encryptionRing = (keys: string[], namesKeys: boolean) =>
  keys.length > 0
    ? keyringOf(
        keys.map((each) => Buffer.from(each, 'hex')),
        { namesKeys },
      )
    : undefined;

async function jwtFiles(dataDir: string) {
  const { secrets } = await keyFiles(dataDir, 'jwt-secret', () => randomBytes(48).toString('base64url'));
  check(dataDir, secrets, 'at least 32 bytes', (secret) => Buffer.byteLength(secret) >= 32);
  return secrets.map(({ text }) => text);
}

async function encryptionFiles(dataDir: string): Promise<Keyring> {
  const { secrets, hasRing } = await keyFiles(dataDir, 'encryption-key', () => randomBytes(32).toString('hex'));
  check(dataDir, secrets, '64 hexadecimal digits', (key) => /^[0-9a-f]{64}$/i.test(key));
  return encryptionRing(
    secrets.map(({ text }) => text),
    hasRing,
  )!;
}

/** The lines of the file in the plural, newest first, and then the file in the singular, which `make` generates if there is neither. */
async function keyFiles(dataDir: string, name: 'jwt-secret' | 'encryption-key', make?: () => string) {
  const ring = await readSecret(join(dataDir, `${name}s`));
  const single = ring === undefined && make ? await secretFile(dataDir, name, make) : await readSecret(join(dataDir, name));
  const lines = (ring ?? '').split('\n').map((line) => line.trim());
  const secrets = [
    ...lines.filter(Boolean).map((text) => ({ file: `${name}s`, text })),
    ...(single === undefined ? [] : [{ file: name, text: single }]),
  ];
  if (secrets.length === 0 && make) throw damaged(dataDir, `${name}s`, 'a key on each line');
  return { secrets, hasRing: ring !== undefined };
}

function check(dataDir: string, secrets: { file: string; text: string }[], expected: string, isGood: (text: string) => boolean) {
  for (const { file, text } of secrets) if (!isGood(text)) throw damaged(dataDir, file, expected);
}

function damaged(dataDir: string, name: string, expected: string) {
  return new OperatorError(`ARKLOOP_DATA_DIR: ${join(dataDir, name)} is damaged: expected ${expected}`);
}
