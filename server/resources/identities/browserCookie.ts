import type { RequestScope } from '../../http/scope.ts';
import { newToken } from '../../platform/crypto/ids.ts';
import { flowLifeSeconds } from './flows.ts';

const cookieName = 'arkloop_sign_in';

/** The value that binds sign-ins to a browser. Undefined if there are several: another site planted one. */
export function readBrowserCookie(header: string | undefined): string | undefined {
  const values = (header ?? '')
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part.startsWith(`${cookieName}=`))
    .map((part) => part.slice(cookieName.length + 1));
  return values.length === 1 && /^[A-Za-z0-9_-]{43}$/.test(values[0]!) ? values[0] : undefined;
}

/** Keeps the value of the browser, so that sign-ins in several tabs work. */
export const browserValueOf = (header: string | undefined): string => readBrowserCookie(header) ?? newToken();

export function browserCookie({ app, client }: RequestScope, value: string) {
  const isSecure = client.secure || app.config.env === 'production';
  return {
    'set-cookie': `${cookieName}=${value}; Path=/v1/auth; HttpOnly; SameSite=Lax; Max-Age=${flowLifeSeconds}${isSecure ? '; Secure' : ''}`,
  };
}
