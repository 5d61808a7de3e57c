import type { NewUser } from '../../../contract/auth.ts';
import { countAgainst, type Limit } from '../../http/limits.ts';
import { invalidField, refuse } from '../../kernel/failure.ts';
import { newId, sha256 } from '../../kernel/ids.ts';
import type { RequestScope } from '../../kernel/scope.ts';
import { createUser } from '../accounts/newUser.ts';
import { loginKeyOf, readInviteCode } from './fields.ts';
import { preparePerson, readPerson } from './person.ts';
import { openSession, type SignedIn } from './sessions.ts';
import { registrationMode } from './settings.ts';

export type Registered = SignedIn & { userId: string; warning: string | null };

/** Create a user with all that belongs to one, and sign in. */
export async function register(scope: RequestScope, { invite_code: code, ...typed }: NewUser): Promise<Registered> {
  const { read, tx } = scope;
  const mode = await registrationMode(read);
  if (mode === 'disabled') throw refuse('forbidden', 'registration_disabled', 'Nobody can register at the moment.');
  const person = readPerson(typed);
  const warning = checkInvitation(mode, readInviteCode(code));
  await countRegistration(scope);
  const prepared = await preparePerson(read, person);

  const userId = newId();
  const accountId = await createUser(tx, { ...prepared, userId });
  const signedIn = await openSession(scope, { userId, accountId, role: 'admin' });
  scope.audit({ accountId, actorId: userId, targetId: userId, metadata: { login_hash: sha256(loginKeyOf(person.login)) } });
  return { ...signedIn, userId, warning };
}

/** No invitation is good; where none is needed a bad one is only worth a warning. */
function checkInvitation(mode: 'open' | 'invite_only', code: string | undefined): string | null {
  if (code !== undefined && code.length > 64) throw invalidField('/invite_code', 'must be at most 64 characters');
  if (mode === 'open') return code === undefined ? null : 'The invite code was not used: it is not valid.';
  if (code === undefined) throw invalidField('/invite_code', 'is needed to register', 'invite_code_required');
  throw invalidField('/invite_code', 'is not valid', 'invite_code_invalid');
}

async function countRegistration({ app, origin, read }: RequestScope) {
  const most = app.config.authRegistrationsPerIpHour;
  const limit: Limit = { bucket: `registration:${origin.ip}`, most, seconds: 3_600, reason: 'registration_rate_limited' };
  if (most > 0) await countAgainst(read, [limit]);
}
