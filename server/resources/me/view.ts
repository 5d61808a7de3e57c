import type { Me, Profile } from '../../../contract/me.ts';
import { permissions } from '../../../contract/shared/permissions.ts';
import type { Scope } from '../../http/scope.ts';
import { readTimeZone } from '../auth/fields.ts';
import { roleOf } from '../auth/sessions/sessions.ts';
import type { MeRow } from './queries.ts';

/** An invalid stored time zone reads as null. */
const zone = (stored: string | null) => readTimeZone(stored) ?? null;

export const viewMe = (row: MeRow, scope: Scope): Me => ({
  ...row,
  timezone: zone(row.timezone),
  account_timezone: zone(row.account_timezone),
  role: roleOf({ is_platform_admin: scope.isPlatformAdmin, role: scope.role }),
  second_factor_missing: scope.lacksSecondFactor ?? false,
  permissions: permissions.filter((permission) => scope.permissions.has(permission)),
});

export const viewProfile = ({ username, timezone, locale }: Profile): Profile => ({ username, timezone: zone(timezone), locale });
