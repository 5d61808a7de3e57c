import { failWith } from '../../platform/failure.ts';
import type { Scope } from '../scope.ts';

/** 403 for what no scope opens to service keys. */
export const serviceKeyNotAllowed = (message = 'A service key cannot do this.') =>
  failWith('forbidden', 'service_key_not_allowed', message);

/** Throws 403 `service_key_not_allowed` for a service key, whatever its scopes. For what only persons may change on a route that is open to keys. */
export function rejectServiceKey({ actor }: Pick<Scope, 'actor'>, message?: string): void {
  if (actor.serviceKeyId) throw serviceKeyNotAllowed(message);
}
