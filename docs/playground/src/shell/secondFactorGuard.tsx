import type { ReactNode } from 'react';
import { Redirect, useLocation } from 'wouter';
import { useMe } from '../me.ts';

const securityPath = '/settings/security';

/** Leads users to the security settings if their account requires a second factor that their session does not have. */
export function SecondFactorGuard({ children }: { children: ReactNode }) {
  const [path] = useLocation();
  const isMissing = useMe().data?.second_factor_missing === true;
  return isMissing && path !== securityPath ? <Redirect to={securityPath} replace /> : children;
}
