import { failWith } from '../../platform/failure.ts';

type Expiry = { expires_at: string | null; is_current_secret: boolean; previous_expires_at: string | null };

/** Throws 401 for a key, or a secret replaced by a rotation, that has expired. */
export function requireUnexpired({ expires_at: expiry, is_current_secret: isCurrent, previous_expires_at: end }: Expiry) {
  const has = (at: string | null) => at !== null && Date.parse(at) <= Date.now();
  if (has(expiry)) throw expired(`The key expired at ${expiry}.`, expiry!);
  if (!isCurrent && (end === null || has(end)))
    throw end === null
      ? failWith('unauthenticated', 'invalid_token', 'The key is not valid.')
      : expired(`This secret of the key was replaced and expired at ${end}.`, end);
}

const expired = (message: string, at: string) => failWith('unauthenticated', 'key_expired', message, { expired_at: at });
