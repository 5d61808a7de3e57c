import { ToolGroup } from '../../../contract/toolProviders.ts';
import type { Context, Engine } from '../context.ts';
import { apiError } from '../http/errors.ts';
import { resourceType } from '../resourceTypes.ts';

const accountMembers = resourceType('/v1/accounts/{account_id}/members');

/** Secret settings other than those of tools, and the flags of the platform. */
const secretSettings = ['email.smtp_pass', 'turnstile.secret_key'];
const platformFlags = ['registration.enabled', 'registration.open', 'auth.require_email_verification'];

type Entitlement = { key: string };

/** The settings that a request changes. */
function changedSettings({ operation, body, loaded }: Context): readonly Entitlement[] {
  const plan = (loaded.plan_id?.value.entitlements ?? []) as Entitlement[];
  const { entitlements } = Object(body) as { entitlements?: Entitlement[] };
  if (operation.id === 'plans.create') return entitlements ?? [];
  if (operation.id === 'plans.update') return entitlements ? [...entitlements, ...plan] : [];
  if (operation.id === 'plans.delete') return plan;
  if (operation.id === 'entitlementOverrides.set') return [Object(body) as Entitlement];
  if (operation.id === 'entitlementOverrides.delete') return [loaded.override_id?.value as Entitlement];
  return [];
}

/** Throws 403 or 409 for what a service key cannot change with the operations of its scopes. */
export function rejectServiceKey(context: Context): void {
  const { engine, operation, caller, body, loaded } = context;
  if (caller?.serviceKeyId === undefined) return;
  const closed = changedSettings(context).find(
    ({ key }) => secretSettings.includes(key) || ToolGroup.options.some((group) => key.startsWith(`${group}.`)),
  );
  if (closed) throw notAllowed(`A service key cannot change the setting ${closed.key}.`);
  const flag = loaded.key?.value.key as string | undefined;
  if (operation.route.method !== 'GET' && flag !== undefined && platformFlags.includes(flag))
    throw notAllowed(`A service key cannot change the flag ${flag} of the platform.`);
  const isSuspension = operation.id === 'adminAccounts.update' && (Object(body) as { status?: string }).status === 'suspended';
  if (isSuspension && hasAdmin(engine, loaded.account_id!.value.id))
    throw accountOfAdmin('A service key cannot suspend an account with a platform admin as member.');
}

export const accountOfAdmin = (message: string) => apiError('conflict', 'account_of_platform_admin', message);

/** Whether a platform admin is a member of the account. */
export const hasAdmin = ({ state }: Engine, accountId: unknown): boolean =>
  state.rows(accountMembers, ({ value }) => value.account_id === accountId && state.users.get(value.user_id as string)?.isAdmin === true)
    .length > 0;

const notAllowed = (message: string) => apiError('forbidden', 'service_key_not_allowed', message);
