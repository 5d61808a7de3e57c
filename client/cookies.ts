import type { CookieStore } from './options.ts';

const name = 'arkloop_refresh_token';

/** Keeps the cookie as long as the program runs. */
export function memoryCookies(): CookieStore {
  let held: string | undefined;
  return {
    get: () => held,
    set: (cookie) => {
      held = cookie;
    },
  };
}

/** Puts the refresh cookie of an answer into the store. A browser hides the header and keeps the cookie itself. */
export async function keepCookie(cookies: CookieStore, headers: Headers) {
  const line = headers.getSetCookie?.().find((cookie) => cookie.startsWith(`${name}=`));
  if (line === undefined) return;
  const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
  const ended = pair === `${name}=` || attributes.some((attribute) => /^max-age=(?:0|-\d+)$/i.test(attribute));
  await cookies.set(ended ? undefined : pair);
}
