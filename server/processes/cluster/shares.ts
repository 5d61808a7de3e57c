import type { Config } from '../../platform/config/config.ts';

type Role = 'api' | 'all';

/** The part of `total` that the member `number` of `count` gets, counted from 1. Parts differ by at most 1, and 0, no limit, stays 0. */
const share = (total: number, count: number, number: number) => Math.floor(total / count) + (number <= total % count ? 1 : 0);

/** In role `all` the primary runs the worker and gets as many connections as an API process. In role `api` it needs one. */
const connectionsOfPrimary = ({ apiDbPoolMaxConns: max, apiProcesses }: Config, role: Role) =>
  role === 'all' ? Math.floor(max / (apiProcesses + 1)) : 1;

/** The configuration of the primary process: its share of the database connections. */
export function configOfPrimary(config: Config, role: Role): Config {
  const apiDbPoolMaxConns = connectionsOfPrimary(config, role);
  const apiDbPoolMinConns = role === 'all' ? Math.floor(config.apiDbPoolMinConns / (config.apiProcesses + 1)) : 0;
  return { ...config, apiDbPoolMaxConns, apiDbPoolMinConns };
}

/** The configuration of an API process: its share of everything that is limited per process. Together they never exceed the configured limits. */
export function configOfApiProcess(config: Config, role: Role, number: number): Config {
  const part = (total: number) => share(total, config.apiProcesses, number);
  const primary = configOfPrimary(config, role);
  const apiDbPoolMaxConns = part(config.apiDbPoolMaxConns - primary.apiDbPoolMaxConns);
  return {
    ...config,
    apiDbPoolMaxConns,
    apiDbPoolMinConns: Math.min(apiDbPoolMaxConns, part(config.apiDbPoolMinConns - primary.apiDbPoolMinConns)),
    apiMaxInFlight: part(config.apiMaxInFlight),
    maxChatCompletions: part(config.maxChatCompletions),
    maxUnfinishedRequests: part(config.maxUnfinishedRequests),
    maxUnfinishedRequestsPerAddress: part(config.maxUnfinishedRequestsPerAddress),
  };
}
