import { z } from 'zod';
import type { RequestScope } from '../../http/scope.ts';
import { failWith, invalidField } from '../../platform/failure.ts';
import { readSettings, type Settings } from '../settings/settings.ts';

type CaptchaKeys = Pick<Settings, 'turnstile.site_key' | 'turnstile.secret_key'>;

export const captchaConfig = ({ 'turnstile.site_key': key, 'turnstile.secret_key': secret }: CaptchaKeys) =>
  key !== null && secret !== null ? { enabled: true, site_key: key } : { enabled: false, site_key: '' };

/** The warning at startup if only one of the two keys is set. */
export const captchaWarning = ({ 'turnstile.site_key': key, 'turnstile.secret_key': secret }: CaptchaKeys): string | undefined =>
  (key === null) === (secret === null)
    ? undefined
    : 'the captcha is off: only one of turnstile.site_key (ARKLOOP_TURNSTILE_SITE_KEY) and turnstile.secret_key (…_SECRET_KEY) is set';

const VerificationResult = z.object({ success: z.boolean(), hostname: z.string().nullish(), 'error-codes': z.array(z.string()).nullish() });

const timeoutMs = 5_000;

/** Verifies the token if captchas are enabled. A token is valid for one request. Throws 400, or 503 if the provider does not respond. */
export async function checkCaptcha({ app, client }: RequestScope, token: string | null | undefined): Promise<void> {
  const settings = await readSettings(app.database);
  if (!captchaConfig(settings).enabled) return;
  if (!token?.trim()) throw invalidField('/cf_turnstile_token', 'is needed', 'captcha_required');
  const verdict = await verifyToken(app, settings['turnstile.secret_key']!, token, client.ip).catch((error) => {
    app.log.warn({ err: error, trace_id: client.traceId }, 'the captcha provider did not answer');
    throw failWith('unavailable', 'captcha_unavailable', 'The captcha cannot be checked at the moment.');
  });
  const host = settings['turnstile.allowed_host'];
  if (verdict.success && (host === null || verdict.hostname?.toLowerCase() === host.toLowerCase())) return;
  const codes = verdict['error-codes'] ?? [];
  if (codes.some((code) => code.includes('secret')))
    app.log.error({ trace_id: client.traceId }, 'the captcha provider does not know the secret key (turnstile.secret_key)');
  throw invalidField('/cf_turnstile_token', 'was not accepted', 'captcha_invalid');
}

async function verifyToken({ config, outbound }: RequestScope['app'], secret: string, token: string, ip: string) {
  const form = new URLSearchParams({ secret, response: token, remoteip: ip });
  const response = await outbound.fetch(config.turnstileVerifyUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: form.toString(),
    policy: 'internal',
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`status ${response.status}`);
  }
  return VerificationResult.parse(await response.json());
}
