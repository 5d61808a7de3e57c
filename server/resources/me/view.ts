import type { Me, Profile } from '../../../contract/me.ts';
import { permissions } from '../../../contract/shared/permissions.ts';
import type { Scope } from '../../kernel/scope.ts';
import { readTimeZone } from '../auth/fields.ts';
import { roleOf } from '../auth/sessions.ts';
import type { MeRow } from './queries.ts';

/** A zone that was stored and is none reads as none. */
const zone = (stored: string | null) => readTimeZone(stored) ?? null;

/** The profile as published, with what its owner may do in the active account. */
export const viewMe = (row: MeRow, scope: Scope): Me => ({
  ...row,
  timezone: zone(row.timezone),
  account_timezone: zone(row.account_timezone),
  role: roleOf({ is_platform_admin: scope.isPlatformAdmin, role: scope.role }),
  permissions: permissions.filter((permission) => scope.permissions.has(permission)),
});

export const viewProfile = ({ username, timezone, locale }: Profile): Profile => ({ username, timezone: zone(timezone), locale });
