import type { CookieStore } from './options.ts';

const name = 'arkloop_refresh_token';

/** Keeps the cookie in memory. */
export function memoryCookies(): CookieStore {
  let held: string | undefined;
  return {
    get: () => held,
    set: (cookie) => {
      held = cookie;
    },
  };
}

/** Stores the refresh cookie of a response. In browsers Set-Cookie is not readable and the browser stores the cookie itself. */
export async function storeCookie(cookies: CookieStore, headers: Headers) {
  const line = headers.getSetCookie?.().find((cookie) => cookie.startsWith(`${name}=`));
  if (line === undefined) return;
  const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
  const ended = pair === `${name}=` || attributes.some((attribute) => /^max-age=(?:0|-\d+)$/i.test(attribute));
  await cookies.set(ended ? undefined : pair);
}
