import { sha256 } from '../../platform/crypto/ids.ts';

/** The key of a link that waits for its user. */
export const linkKeyOf = (token: string) => sha256(`confirm ${token}`);
