import type { RateLimitRule } from '../../../contract/gatewayConfig.ts';
import { actionNames } from '../../../contract/shared/path.ts';
import { type LimiterKey, limiterKeyOf } from '../../platform/limiterKey.ts';
import { type NoClientAddress, rateLimitAddress } from '../../platform/network/clientAddress.ts';
import { anonymous } from '../caller/identity.ts';
import type { RequestContext } from '../requestContext.ts';
import type { AccountLimits } from './accountLimits.ts';
import type { Bucket, Rate } from './buckets.ts';

type Caller = Pick<RequestContext, 'request' | 'path' | 'identity' | 'ip'>;

/** A limit for some of the requests, besides the default one. */
export type CompiledRule = {
  name: string;
  rate: Rate;
  matches(caller: Caller, plan: string): boolean;
  subjects(caller: Caller): Subject[];
};

/** What a bucket counts for: a kind and its ID. */
type Subject = readonly [kind: string, ...parts: NoClientAddress[]];

export function compileRule({ name, path, methods, plans, count_by, capacity, per_minute }: RateLimitRule): CompiledRule {
  const matchesPath = matcherOf(path);
  // HEAD is answered like GET.
  const served = methods && new Set(methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])));
  const named = plans && new Set(plans.map((plan) => plan.toLowerCase()));
  return {
    name,
    rate: { capacity, perSecond: per_minute / 60 },
    matches: (caller, plan) =>
      (!served || served.has(caller.request.method ?? '')) && (!named || named.has(plan)) && matchesPath(caller.path),
    subjects: count_by === 'client' ? clientsOf : count_by === 'api_key' ? keysOf : addressOf,
  };
}

const actionAlias = new RegExp(`/(${actionNames.join('|')})(/?)$`, 'i');

export const decodeValues = (path: string): string =>
  path.replace(/%(?!2f|25)[2-7][0-9a-f]/gi, (encoded) => String.fromCharCode(Number.parseInt(encoded.slice(1), 16)));

/**
 * `*` stands for any text of one segment, `**` at the end for any rest. Other spellings are no way around a limit: the API decodes values, and reads an
 * action after a slash, too. Case and a slash at the end are ignored, as a front end may do.
 */
function matcherOf(pattern: string): (path: string) => boolean {
  const decoded = decodeValues(pattern).replace(actionAlias, ':$1$2');
  const rest = decoded.endsWith('/**');
  const segments = (rest ? decoded.slice(0, -3) : decoded).split('/').map((segment) => segment.split('*').map(RegExp.escape).join('[^/]*'));
  const expression = new RegExp(`^${segments.join('/')}${rest ? '(/.*)?' : '/?'}$`, 'i');
  return (path) => {
    const spelled = decodeValues(path);
    return expression.test(spelled) || (actionAlias.test(spelled) && expression.test(spelled.replace(actionAlias, ':$1$2')));
  };
}

/**
 * Counted per account and per user, so that additional accounts of a user do not raise the limit. A service key has a bucket for each address,
 * because the API checks only later whether the key accepts the address: a stolen secret cannot use up the requests of the program.
 */
function clientsOf(caller: Caller): Subject[] {
  const { identity } = caller;
  if (identity === anonymous) return addressOf(caller);
  if (identity.serviceKeyId) return keysOf(caller);
  return [
    ['account', identity.accountId],
    ['user', identity.userId],
  ];
}

function keysOf({ identity: { serviceKeyId, apiKeyId }, ip }: Caller): Subject[] {
  if (serviceKeyId) return [['service_key', serviceKeyId, rateLimitAddress(ip)]];
  return apiKeyId ? [['api_key', apiKeyId]] : [];
}

const addressOf = ({ ip }: Caller): Subject[] => [['ip', rateLimitAddress(ip)]];

/** The limits of the gateway. `accountRate` is that of accounts without their own; 0 means `rate`. */
export type RateLimits = Readonly<{ rate: Rate; accountRate: { burst: number; perMinute: number }; rateRules: readonly CompiledRule[] }>;

/** The buckets of all limits that apply to a request. The default limit is the first. */
export function bucketsOf(caller: Caller, rules: RateLimits, account: AccountLimits | undefined): Bucket[] {
  const rate = caller.identity.accountId === '' ? rules.rate : rateOf(rules, account);
  const buckets = clientsOf(caller).map((subject): Bucket => ({ key: defaultKeyOf(subject, rate, rules.rate), policy: 'default', rate }));
  for (const rule of rules.rateRules) {
    if (!rule.matches(caller, account?.plan ?? '')) continue;
    for (const [kind, ...parts] of rule.subjects(caller))
      buckets.push({ key: limiterKeyOf('rule', rule.name, kind, ...parts), policy: rule.name, rate: rule.rate });
  }
  return buckets;
}

/** The rate of an account. A rate without a burst may be used up at once in a minute. */
function rateOf({ rate, accountRate }: RateLimits, account: AccountLimits | undefined): Rate {
  const burst = account?.burst ?? accountRate.burst;
  const perMinute = account?.perMinute ?? accountRate.perMinute;
  if (burst === 0 && perMinute === 0) return rate;
  return { capacity: burst || perMinute || rate.capacity, perSecond: perMinute > 0 ? perMinute / 60 : rate.perSecond };
}

/**
 * A user has a bucket for each rate of their accounts: in a shared one, a request of an account with a low limit would take the tokens that an account
 * with a high limit may use.
 */
const defaultKeyOf = ([kind, ...parts]: Subject, rate: Rate, usual: Rate): LimiterKey =>
  kind === 'user' && rate !== usual ? limiterKeyOf(kind, ...parts, `${rate.capacity}`, `${rate.perSecond}`) : limiterKeyOf(kind, ...parts);
