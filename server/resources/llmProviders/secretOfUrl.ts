import { trimEnd } from '../../../contract/shared/trim.ts';
import { invalidField } from '../../platform/failure.ts';

type Move = { from: string | null; to: string | null };

/**
 * Keeps a stored secret from being sent to another URL than the one it was entered for: who may change the URL may not read the secret. `field` is
 * that of the secret. Throws 400 `secret_required`.
 */
export function requireSecretForMove(field: string, { from, to }: Move): void {
  if (normalize(from) !== normalize(to))
    throw invalidField(field, 'is needed again for another URL, because the stored one is not sent there', 'secret_required');
}

/** The path counts: those of one host can belong to different services. */
const normalize = (url: string | null) => url && trimEnd(new URL(url).href, '/');
