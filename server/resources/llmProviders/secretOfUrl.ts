import { trimEnd } from '../../../contract/shared/text.ts';
import { invalidField } from '../../platform/failure.ts';

/** Without a URL, the vendor decides the server. */
type Server = { url: string | null; vendor?: string };
type Move = { from: Server; to: Server };

/**
 * Keeps a stored secret from being sent to another server than the one it was entered for: who may change the URL, or the vendor, may not read the
 * secret. `field` is that of the secret. Throws 400 `secret_required`.
 */
export function requireSecretForMove(field: string, { from, to }: Move): void {
  if (normalize(from) !== normalize(to))
    throw invalidField(field, 'is needed again for another server, because the stored one is not sent there', 'secret_required');
}

/** The path counts: those of one host can belong to different services. */
const normalize = ({ url, vendor }: Server) => (url === null ? vendor : trimEnd(new URL(url).href, '/'));
