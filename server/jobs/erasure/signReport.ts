import { calculateJwkThumbprint, CompactSign, exportJWK, generateKeyPair, importJWK } from 'jose';
import type { ErasureReport } from '../../../contract/erasures.ts';
import type { Queryable } from '../../database/sql.ts';
import type { Keyring } from '../../platform/crypto/keyring.ts';
import { seal, UnknownKeyError, unseal } from '../../platform/crypto/seal.ts';
import { signingContext } from '../../resources/erasures/signingContext.ts';
import { insertKey, keyType, lockNewest } from '../../resources/erasures/signingKeys.ts';

/**
 * Signs a report as a JWS (RFC 7515) with the newest key. The first proof makes a key, and so does one whose private key cannot be opened any more,
 * because the encryption key of the installation was lost. The caller commits a new key together with the proof.
 */
export async function signReport(tx: Queryable, keyring: Keyring, report: ErasureReport): Promise<string> {
  const { id, publicKey, privateKey } = (await readKey(tx, keyring)) ?? (await createKey(tx, keyring));
  const key = await importJWK({ ...keyType, x: publicKey, d: privateKey }, 'EdDSA');
  return new CompactSign(Buffer.from(JSON.stringify(report)))
    .setProtectedHeader({ alg: 'EdDSA', kid: id, typ: 'arkloop-erasure+jws', cty: 'application/json' })
    .sign(key);
}

type KeyPair = { id: string; publicKey: string; privateKey: string };

async function readKey(tx: Queryable, keyring: Keyring): Promise<KeyPair | undefined> {
  // A replacement that commits meanwhile ends the key that was found; the second statement finds the new one.
  const stored = (await tx.row(lockNewest)) ?? (await tx.row(lockNewest));
  if (!stored) return undefined;
  try {
    const privateKey = unseal(keyring, stored.private_key_sealed, signingContext(stored.id)).toString();
    return { id: stored.id, publicKey: stored.public_key, privateKey };
  } catch (error) {
    if (error instanceof UnknownKeyError) return undefined;
    throw error;
  }
}

export async function createKey(tx: Queryable, keyring: Keyring): Promise<KeyPair> {
  const pair = await generateKeyPair('EdDSA', { crv: keyType.crv, extractable: true });
  const { x: publicKey = '', d: privateKey = '' } = await exportJWK(pair.privateKey);
  const id = await calculateJwkThumbprint({ ...keyType, x: publicKey });
  await tx.run(insertKey, { id, publicKey, privateKeySealed: seal(keyring, privateKey, signingContext(id)) });
  return { id, publicKey, privateKey };
}
