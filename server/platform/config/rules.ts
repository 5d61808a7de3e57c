import { isIP } from 'node:net';
import { configuredBaseUrl } from './baseUrl.ts';
import type { Config, Role } from './shape.ts';

const placeholder =
  /change[-_ ]?me|placeholder|replace|your[-_ ]|example|insecure|(^|[^a-z])secret|password|dummy|sample|default|(0123456789)|(deadbeef)/i;

/** Whether a secret was copied from a sample file, or has so few distinct characters that it was typed by hand. */
function looksWeak(secret: string, distinct: number) {
  return placeholder.test(secret) || new Set(secret).size < distinct;
}

/** Rules of production. A gateway holds neither a database nor secrets. */
function production(config: Config, role: Role): string[] {
  const problems: string[] = [];
  const refuse = (when: boolean, line: string) => when && problems.push(`${line} when ARKLOOP_ENV=production`);
  refuse(config.outboundAllowLoopbackHttp, 'ARKLOOP_OUTBOUND_ALLOW_LOOPBACK_HTTP: must be off');
  refuse(config.llmDebugEvents, 'ARKLOOP_LLM_DEBUG_EVENTS: must be off');
  if (role === 'gateway') return problems;
  refuse(!config.databaseUrl, 'ARKLOOP_DATABASE_URL: is required, the embedded PostgreSQL is not allowed,');
  if (role === 'migrate') return problems;
  refuse(config.storageBackend === 's3' && !config.s3Endpoint, 'ARKLOOP_S3_ENDPOINT: is required by ARKLOOP_STORAGE_BACKEND=s3');
  const keys = {
    AUTH_JWT_SECRET: [config.authJwtSecret, config.authJwtSecrets, 10],
    ENCRYPTION_KEY: [config.encryptionKey, config.encryptionKeys, 8],
  } as const;
  for (const [name, [single, ring = [], distinct]] of Object.entries(keys)) {
    refuse(single === undefined && ring.length === 0, `ARKLOOP_${name}: is required`);
    refuse(single !== undefined && looksWeak(single, distinct), `ARKLOOP_${name}: must be a random value, not a placeholder,`);
    refuse(
      ring.some((each) => looksWeak(each, distinct)),
      `ARKLOOP_${name}S: must be random values, not placeholders,`,
    );
  }
  return problems;
}

/** The three variables of the first administrator must be set together. */
function administrator(config: Config): string[] {
  const parts = { LOGIN: config.adminLogin, EMAIL: config.adminEmail, PASSWORD: config.adminPassword };
  const missing = Object.entries(parts).filter(([, value]) => value === undefined);
  if (missing.length === 0 || missing.length === 3) return [];
  return missing.map(([name]) => `ARKLOOP_ADMIN_${name}: is required when another ARKLOOP_ADMIN_* variable is set`);
}

/** The variables of an S3-compatible store must be set together. A gateway uses none of them. */
function objectStore(config: Config, role: Role): string[] {
  if (config.storageBackend !== 's3' || role === 'gateway') return [];
  const parts = { ENDPOINT: config.s3Endpoint, ACCESS_KEY: config.s3AccessKey, SECRET_KEY: config.s3SecretKey };
  const missing = Object.entries(parts).filter(([, value]) => value === undefined);
  if (missing.length === 0 || missing.length === 3) return [];
  return missing.map(([name]) => `ARKLOOP_S3_${name}: is required when another of the ARKLOOP_S3_* variables of a store is set`);
}

/** What the gateway of this process cannot have both or only one of. */
function gateway(config: Config, role: Role): string[] {
  if (role !== 'all' && role !== 'gateway') return [];
  const problems: string[] = [];
  const [cert, key] = [config.gatewayTlsCertFile, config.gatewayTlsKeyFile];
  if (key !== undefined && cert === undefined)
    problems.push('ARKLOOP_GATEWAY_TLS_CERT_FILE: is required when ARKLOOP_GATEWAY_TLS_KEY_FILE is set');
  if (cert !== undefined && key === undefined)
    problems.push('ARKLOOP_GATEWAY_TLS_KEY_FILE: is required when ARKLOOP_GATEWAY_TLS_CERT_FILE is set');
  if (config.gatewayUpstream && config.gatewayUpstreamsFile !== undefined)
    problems.push('ARKLOOP_GATEWAY_UPSTREAMS_FILE: must not be set together with ARKLOOP_GATEWAY_UPSTREAM');
  const upstreams = { UPSTREAM: config.gatewayUpstream ?? [], FRONTEND_UPSTREAM: [config.gatewayFrontendUpstream ?? []].flat() };
  for (const [name, urls] of Object.entries(upstreams))
    if (urls.some((url) => leadsTo(url, config.gatewayAddr)))
      problems.push(`ARKLOOP_GATEWAY_${name}: leads to the gateway itself, which listens on ARKLOOP_GATEWAY_ADDR`);
  return problems;
}

const loopback = /^(localhost|127(\.\d+){3}|\[?::1\]?)$/;

/** Whether a URL certainly leads to a listener of this machine. A gateway that forwards to itself repeats each request until its limits are reached. */
function leadsTo(url: string, { host, port }: Config['gatewayAddr']): boolean {
  const { protocol, hostname, port: given } = new URL(url);
  if (port === 0 || Number(given || (protocol === 'https:' ? 443 : 80)) !== port) return false;
  const isEvery = host === '0.0.0.0' || host === '::';
  return loopback.test(hostname) ? isEvery || loopback.test(host) : hostname.replace(/^\[|\]$/g, '') === host;
}

/** The domain of passkeys must be one that browsers accept, for the pages that use it. */
function passkeys(config: Config): string[] {
  const { passkeyRpId: id, passkeyOrigins: origins } = config;
  if (id !== undefined && isIP(id)) return ['ARKLOOP_PASSKEY_RP_ID: must be a host name, not an IP address'];
  if (origins?.length === 0) return ['ARKLOOP_PASSKEY_ORIGINS: must name at least one origin'];
  const domain = id ?? new URL(configuredBaseUrl(config)).hostname;
  const isUsable = ({ protocol, hostname }: URL) =>
    (hostname === domain || hostname.endsWith(`.${domain}`)) &&
    (protocol === 'https:' || hostname === 'localhost' || hostname.endsWith('.localhost'));
  if (origins?.every((origin) => isUsable(new URL(origin))) === false)
    return [`ARKLOOP_PASSKEY_ORIGINS: must be https origins of ${domain} or its subdomains`];
  return [];
}

/** Several API processes divide these limits, and each needs a share. */
function apiProcesses(config: Config, role: Role): string[] {
  const { apiProcesses: count } = config;
  if (count === 1 || (role !== 'all' && role !== 'api')) return [];
  const divided = {
    API_MAX_IN_FLIGHT: config.apiMaxInFlight,
    MAX_CHAT_COMPLETIONS: config.maxChatCompletions,
    MAX_UNFINISHED_REQUESTS: config.maxUnfinishedRequests,
    MAX_UNFINISHED_REQUESTS_PER_ADDRESS: config.maxUnfinishedRequestsPerAddress,
  };
  const short = Object.entries(divided).filter(([, limit]) => limit > 0 && limit < count);
  const problems = short.map(([name]) => `ARKLOOP_${name}: must be 0 or at least ARKLOOP_API_PROCESSES`);
  // The primary process has a connection too.
  if (config.apiDbPoolMaxConns <= count) problems.push('ARKLOOP_API_DB_POOL_MAX_CONNS: must be above ARKLOOP_API_PROCESSES');
  return problems;
}

/** Problems with combinations of variables that are each valid on their own. */
export function contradictions(config: Config, role: Role): string[] {
  const problems = [
    ...administrator(config),
    ...objectStore(config, role),
    ...passkeys(config),
    ...apiProcesses(config, role),
    ...gateway(config, role),
  ];
  const refuse = (when: boolean, line: string) => when && problems.push(line);
  refuse(
    config.workerHeartbeatSeconds >= config.workerLeaseSeconds,
    'ARKLOOP_WORKER_HEARTBEAT_SECONDS: must be below ARKLOOP_WORKER_LEASE_SECONDS',
  );
  refuse(
    config.workerMinConcurrency > config.workerMaxConcurrency,
    'ARKLOOP_WORKER_MIN_CONCURRENCY: must not exceed ARKLOOP_WORKER_MAX_CONCURRENCY',
  );
  refuse(
    config.apiDbPoolMinConns > config.apiDbPoolMaxConns,
    'ARKLOOP_API_DB_POOL_MIN_CONNS: must not exceed ARKLOOP_API_DB_POOL_MAX_CONNS',
  );
  return config.env === 'production' ? [...problems, ...production(config, role)] : problems;
}
