import { openDatabase } from '../../database/database.ts';
import { createKey } from '../../jobs/erasure/signReport.ts';
import type { Keyring } from '../../platform/crypto/keyring.ts';
import type { Log } from '../../platform/telemetry/log.ts';
import { lockReplacement, retireOthers } from '../../resources/erasures/signingKeys.ts';

/**
 * Makes the key that signs proofs of erasure from now on, while workers serve. The earlier ones stay published, so that their proofs can be verified, and
 * lose their private keys. Returns the line for the operator.
 */
export async function replaceErasureKey(keyring: Keyring, { url, log }: { url: string; log: Log }): Promise<string> {
  const database = openDatabase(url, { max: 1, min: 0, log, applicationName: 'arkloop rotate-erasure-key' });
  try {
    return await database.transaction(async (tx) => {
      await tx.row(lockReplacement);
      const { id } = await createKey(tx, keyring);
      const retired = await tx.run(retireOthers, { id });
      return `proofs of erasure are signed with key ${id} from now on; ${retired} earlier ones verify only`;
    });
  } finally {
    await database.close();
  }
}
