import { isLoopback } from '../../platform/network/addresses.ts';
import type { App } from '../app.ts';

/**
 * Where a user returns to from another server: an origin that the operator allows, loopback in development, or else the base URL of links. No
 * other origin may get codes, because somebody could be tricked into granting access for the account of another user.
 */
export async function frontEndOf({ config, baseUrl }: App, origin: string | undefined): Promise<string> {
  const own = new URL(await baseUrl());
  const isOwn =
    origin !== undefined && (config.gatewayCorsAllowedOrigins.includes(origin) || (config.env !== 'production' && isLocal(origin)));
  return isOwn ? origin : own.href.replace(/\/$/, '');
}

function isLocal(origin: string): boolean {
  if (!URL.canParse(origin)) return false;
  const { hostname } = new URL(origin);
  return hostname === 'localhost' || isLoopback(hostname);
}
