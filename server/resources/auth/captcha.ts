import { z } from 'zod';
import type { Config } from '../../kernel/config.ts';
import { invalidField, refuse } from '../../kernel/failure.ts';
import type { RequestScope } from '../../kernel/scope.ts';

type CaptchaConfig = Pick<Config, 'turnstileSiteKey' | 'turnstileSecretKey'>;

/** What a browser needs to show a captcha. */
export const captchaConfig = ({ turnstileSiteKey: key, turnstileSecretKey: secret }: CaptchaConfig) =>
  key !== undefined && secret !== undefined ? { enabled: true, site_key: key } : { enabled: false, site_key: '' };

/** What an operator is told who has set one key only. */
export const captchaProblem = ({ turnstileSiteKey: key, turnstileSecretKey: secret }: CaptchaConfig): string | undefined =>
  (key === undefined) === (secret === undefined)
    ? undefined
    : 'the captcha is off: only one of ARKLOOP_TURNSTILE_SITE_KEY and ARKLOOP_TURNSTILE_SECRET_KEY is set';

const Verdict = z.object({ success: z.boolean(), hostname: z.string().nullish(), 'error-codes': z.array(z.string()).nullish() });

const longestMs = 5_000;

/** Where captchas are on, have the token verified; it is good for one request. Throws 400, and 503 when the provider does not answer. */
export async function checkCaptcha({ app, origin }: RequestScope, token: string | null | undefined): Promise<void> {
  const { config, log } = app;
  if (!captchaConfig(config).enabled) return;
  if (!token?.trim()) throw invalidField('/cf_turnstile_token', 'is needed', 'captcha_required');
  const verdict = await ask(app, token, origin.ip).catch((error) => {
    log.warn({ err: error, trace_id: origin.traceId }, 'the captcha provider did not answer');
    throw refuse('unavailable', 'captcha_unavailable', 'The captcha cannot be checked at the moment.');
  });
  const { turnstileAllowedHost: host } = config;
  if (verdict.success && (host === undefined || verdict.hostname?.toLowerCase() === host.toLowerCase())) return;
  const codes = verdict['error-codes'] ?? [];
  if (codes.some((code) => code.includes('secret')))
    log.error({ trace_id: origin.traceId }, 'the captcha provider does not know ARKLOOP_TURNSTILE_SECRET_KEY');
  throw invalidField('/cf_turnstile_token', 'was not accepted', 'captcha_invalid');
}

async function ask({ config, outbound }: RequestScope['app'], token: string, ip: string) {
  const form = new URLSearchParams({ secret: config.turnstileSecretKey!, response: token, remoteip: ip });
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
