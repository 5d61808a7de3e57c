import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../../database/columns.ts';

/** An encryption key that processes have started to seal with. */
export const EncryptionKey = defineEntity({
  name: 'EncryptionKey',
  tableName: 'encryption_keys',
  properties: {
    /** Derived from the key, see `keyring.ts`. */
    id: p.text().primary(),
    usedAt: timestamptz().defaultRaw('now()'),
  },
});
