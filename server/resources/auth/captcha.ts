import { z } from 'zod';
import { invalidField, refuse } from '../../kernel/failure.ts';
import type { RequestScope } from '../../kernel/scope.ts';
import { readSettings, type Settings } from '../settings/settings.ts';

type CaptchaKeys = Pick<Settings, 'turnstile.site_key' | 'turnstile.secret_key'>;

/** What a browser needs to show a captcha. */
export const captchaConfig = ({ 'turnstile.site_key': key, 'turnstile.secret_key': secret }: CaptchaKeys) =>
  key !== null && secret !== null ? { enabled: true, site_key: key } : { enabled: false, site_key: '' };

/** What an operator is told who has set one key only. */
export const captchaProblem = ({ 'turnstile.site_key': key, 'turnstile.secret_key': secret }: CaptchaKeys): string | undefined =>
  (key === null) === (secret === null)
    ? undefined
    : 'the captcha is off: only one of turnstile.site_key (ARKLOOP_TURNSTILE_SITE_KEY) and turnstile.secret_key (…_SECRET_KEY) is set';

const Verdict = z.object({ success: z.boolean(), hostname: z.string().nullish(), 'error-codes': z.array(z.string()).nullish() });

const longestMs = 5_000;

/** Where captchas are on, have the token verified; it is good for one request. Throws 400, and 503 when the provider does not answer. */
export async function checkCaptcha({ app, origin }: RequestScope, token: string | null | undefined): Promise<void> {
  const settings = await readSettings(app.database);
  if (!captchaConfig(settings).enabled) return;
  if (!token?.trim()) throw invalidField('/cf_turnstile_token', 'is needed', 'captcha_required');
  const verdict = await ask(app, settings['turnstile.secret_key']!, token, origin.ip).catch((error) => {
    app.log.warn({ err: error, trace_id: origin.traceId }, 'the captcha provider did not answer');
    throw refuse('unavailable', 'captcha_unavailable', 'The captcha cannot be checked at the moment.');
  });
  const host = settings['turnstile.allowed_host'];
  if (verdict.success && (host === null || verdict.hostname?.toLowerCase() === host.toLowerCase())) return;
  const codes = verdict['error-codes'] ?? [];
  if (codes.some((code) => code.includes('secret')))
    app.log.error({ trace_id: origin.traceId }, 'the captcha provider does not know the secret key (turnstile.secret_key)');
  throw invalidField('/cf_turnstile_token', 'was not accepted', 'captcha_invalid');
}

async function ask({ config, outbound }: RequestScope['app'], secret: string, token: string, ip: string) {
  const form = new URLSearchParams({ secret, response: token, remoteip: ip });
  const response = await outbound.fetch(config.turnstileVerifyUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: form.toString(),
    policy: 'internal',
    signal: AbortSignal.timeout(longestMs),
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`status ${response.status}`);
  }
  return Verdict.parse(await response.json());
}
