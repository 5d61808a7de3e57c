import * as kind from './kinds.ts';

/** One variable: its kind, the text used when it is unset, and its meaning; `shown` replaces the default in the guide. */
export type Variable<T = unknown> = {
  kind: kind.Kind<T>;
  preset: string | undefined;
  meaning: string;
  aliases?: readonly Alias[];
  presetInAll?: string;
  shown?: string;
};

/** Another name for a variable, and how its text becomes the variable's. */
export type Alias = { name: string; as?: (text: string) => string };

type Extra = Pick<Variable, 'aliases' | 'presetInAll' | 'shown'>;

function always<T>(of: kind.Kind<T>, preset: string, meaning: string, extra: Extra = {}): Variable<T> {
  return { kind: of, preset, meaning, ...extra };
}

function maybe<T>(of: kind.Kind<T>, meaning: string, extra: Extra = {}): Variable<T | undefined> {
  return { kind: of, preset: undefined, meaning, ...extra };
}

const {
  address,
  boolean,
  cidrs,
  csv,
  dsn,
  headerName,
  hexKey,
  host,
  hosts,
  integer,
  json,
  mailbox,
  number,
  origins,
  path,
  ports,
  programs,
  redis,
  secret,
  text,
  url,
  word,
} = kind;

const initial = 'What an administrator has stored counts more.';

/** Every environment variable that the processes read, by chapter of the configuration guide. */
export const table = {
  General: {
    ARKLOOP_ENV: always(
      word('development', 'test', 'staging', 'production'),
      'development',
      '`production` refuses weak or placeholder secrets and the development switches.',
    ),
    ARKLOOP_LOG_LEVEL: always(word('debug', 'info', 'warn', 'error'), 'info', 'Least severe level that is logged.'),
    ARKLOOP_LOG_MODE: maybe(word('json', 'pretty'), '`json` writes one object per line.', { shown: '`json`; `pretty` on a terminal' }),
    ARKLOOP_LOAD_DOTENV: always(boolean, 'false', 'Read a dotenv file at start; real variables win.'),
    ARKLOOP_DOTENV_FILE: always(path, '.env', 'The dotenv file.'),
    ARKLOOP_DATA_DIR: always(path, '.arkloop', 'State of the embedded database and generated secrets.'),
    ARKLOOP_METRICS_ADDR: maybe(address, 'Where Prometheus reads `/metrics`; unset turns it off.'),
    ARKLOOP_SHUTDOWN_DRAIN_MS: maybe(
      integer(0, 600_000),
      'How long `/readyz` is 503 before a process that was told to stop closes its port. Requests are answered meanwhile.',
      { shown: '5000 in production, else 0' },
    ),
    ARKLOOP_READY_MAX_LOOP_DELAY_MS: always(
      integer(0),
      '2000',
      '`/readyz` is 503 for 5 s after the event loop stood still for longer; 0 turns that off.',
    ),
    ARKLOOP_MAX_UNFINISHED_REQUESTS: always(
      integer(0),
      '1024',
      'Requests to an API or gateway process whose body has not arrived; above it the slowest is refused. 0 is without limit.',
    ),
    ARKLOOP_MAX_UNFINISHED_REQUESTS_PER_ADDRESS: always(
      integer(0),
      '64',
      'The same for an address (IPv6: a /64); above it its slowest is refused.',
    ),
    ARKLOOP_APP_BASE_URL: always(url, 'http://localhost:19000', 'Base of links shown to people.'),
  },
  API: {
    ARKLOOP_API_ADDR: always(address, '127.0.0.1:19001', 'Listen address of the API.', {
      aliases: [{ name: 'ARKLOOP_API_GO_ADDR' }, { name: 'PORT', as: (port) => `0.0.0.0:${port.trim()}` }],
    }),
    ARKLOOP_ALLOWED_HOSTS: maybe(
      hosts,
      'Names that requests may be sent to, against DNS rebinding. Always allowed: loopback, IP addresses, names without a dot, and the host of `ARKLOOP_APP_BASE_URL`; setup takes no other addresses and names.',
      { shown: 'none besides; in production any name, except for setup' },
    ),
    ARKLOOP_DATABASE_URL: maybe(dsn, 'PostgreSQL 15 or newer, possibly through a pooler. Required in production.', {
      aliases: [{ name: 'DATABASE_URL' }],
      shown: 'the embedded PostgreSQL',
    }),
    ARKLOOP_DATABASE_DIRECT_URL: maybe(dsn, 'PostgreSQL itself, past the pooler: for migrations, notifications and the queue.', {
      shown: '`ARKLOOP_DATABASE_URL`',
    }),
    ARKLOOP_API_DB_POOL_MAX_CONNS: always(integer(1, 1_000), '8', 'Most database connections of a process.'),
    ARKLOOP_API_DB_POOL_MIN_CONNS: always(integer(0, 1_000), '0', 'Idle database connections that a process keeps open.'),
    ARKLOOP_API_MAX_IN_FLIGHT: always(integer(0), '256', 'Concurrent requests; 0 is without limit.'),
    ARKLOOP_TRUST_INCOMING_TRACE_ID: always(boolean, 'false', 'Accept the trace id of a trusted proxy.', { presetInAll: 'true' }),
    ARKLOOP_TRUST_X_FORWARDED_FOR: always(boolean, 'false', 'Accept client address and protocol of a trusted proxy.', {
      presetInAll: 'true',
    }),
    ARKLOOP_TRUSTED_PROXY_CIDRS: always(cidrs, '127.0.0.0/8,::1/128', 'Peers that count as trusted proxies.'),
    ARKLOOP_CONFIG_CACHE_TTL_SECONDS: always(integer(0), '60', 'Longest life of a cached setting; 0 turns the cache off.'),
  },
  'First administrator': {
    ARKLOOP_ADMIN_LOGIN: maybe(text, 'Login of the platform administrator made at the first start; needs the other two.'),
    ARKLOOP_ADMIN_EMAIL: maybe(text, 'Email address of that administrator.'),
    ARKLOOP_ADMIN_PASSWORD: maybe(secret(1), 'Password of that administrator.'),
    ARKLOOP_BOOTSTRAP_PLATFORM_ADMIN: maybe(text, 'User promoted to platform administrator at start, once.'),
    ARKLOOP_BOOTSTRAP_SECRET: maybe(secret(1), 'Allows the bootstrap init call from elsewhere than loopback.'),
  },
  'Auth and secrets': {
    ARKLOOP_AUTH_JWT_SECRET: maybe(secret(32), 'HS256 key of access tokens. Required in production.', {
      shown: 'generated once in the data folder',
    }),
    ARKLOOP_AUTH_ACCESS_TOKEN_TTL_SECONDS: always(integer(1), '900', 'Life of an access token.'),
    ARKLOOP_AUTH_REFRESH_TOKEN_TTL_SECONDS: always(integer(1), '2592000', 'Life of a refresh token, renewed at each rotation.'),
    ARKLOOP_AUTH_REGISTRATIONS_PER_IP_HOUR: always(integer(0), '20', 'Registrations per address and hour; 0 turns the limit off.'),
    ARKLOOP_ENCRYPTION_KEY: maybe(hexKey, 'AES-256-GCM key of stored secrets. Required in production.', {
      shown: 'generated once in the data folder',
    }),
    ARKLOOP_TURNSTILE_SITE_KEY: maybe(text, 'Public key of the captcha (Turnstile); it is on when both keys are set.'),
    ARKLOOP_TURNSTILE_SECRET_KEY: maybe(secret(1), 'Secret key of the captcha.'),
    ARKLOOP_TURNSTILE_ALLOWED_HOST: maybe(text, 'The host that a captcha must have been solved on.', { shown: 'any host' }),
    ARKLOOP_TURNSTILE_VERIFY_URL: always(url, 'https://challenges.cloudflare.com/turnstile/v0/siteverify', 'Where captchas are verified.'),
  },
  Email: {
    ARKLOOP_EMAIL_FROM: maybe(
      mailbox,
      'Sender of mail. Without it and a server, mail is off in production and written to `<ARKLOOP_DATA_DIR>/mail` elsewhere.',
    ),
    ARKLOOP_SMTP_HOST: maybe(host, 'Server that takes the mail.'),
    ARKLOOP_SMTP_PORT: always(integer(1, 65_535), '587', 'Its port.'),
    ARKLOOP_SMTP_USER: maybe(text, 'User at the server; unset, nobody signs in.'),
    ARKLOOP_SMTP_PASS: maybe(secret(1), 'Password of that user.'),
    ARKLOOP_SMTP_TLS_MODE: always(
      word('none', 'starttls', 'tls'),
      'starttls',
      '`starttls` fails where the server does not offer it, `tls` speaks TLS from the start.',
    ),
  },
  'Runs and events': {
    ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: always(
      integer(0),
      '10',
      'Used when `limit.concurrent_runs` resolves to 0; 0 is without limit.',
    ),
    ARKLOOP_RUN_TIMEOUT_MINUTES: always(integer(1), '5', 'A run without progress for so long is failed.'),
    ARKLOOP_RUN_EVENTS_RETENTION_MONTHS: always(integer(1), '3', 'Months of run events kept.'),
    ARKLOOP_SSE_HEARTBEAT_SECONDS: always(number(0, 'exclusive'), '15', 'Interval of comment lines on idle streams.'),
    ARKLOOP_MAX_STREAMS_PER_USER: always(
      integer(0),
      '100',
      'Event streams that a user may have open at one API process; 0 is without limit.',
    ),
    ARKLOOP_SSE_BATCH_LIMIT: always(integer(1, 10_000), '500', 'Events per read.'),
    ARKLOOP_AUDIT_RETENTION_DAYS: always(integer(1), '365', 'Days of audit log kept.'),
    ARKLOOP_ACCESS_LOG_ENABLED: always(boolean, 'true', 'Note every request of the gateway in the database.'),
    ARKLOOP_ACCESS_LOG_RETENTION_DAYS: always(integer(1, 3_650), '7', 'Days of access log kept.'),
  },
  Worker: {
    ARKLOOP_WORKER_CONCURRENCY: always(integer(1, 1_000), '4', 'Parallel jobs at start, kept within the bounds below.'),
    ARKLOOP_WORKER_MIN_CONCURRENCY: always(integer(1, 1_000), '2', 'Fewest parallel jobs.'),
    ARKLOOP_WORKER_MAX_CONCURRENCY: always(integer(1, 1_000), '16', 'Most parallel jobs.'),
    ARKLOOP_WORKER_SCALE_UP_THRESHOLD: always(number(0), '3', 'Waiting jobs that add a slot.'),
    ARKLOOP_WORKER_SCALE_DOWN_THRESHOLD: always(number(0), '1', 'Waiting jobs that remove a slot.'),
    ARKLOOP_WORKER_SCALE_INTERVAL_SECS: always(number(0, 'exclusive'), '5', 'How often the number of slots is considered.'),
    ARKLOOP_WORKER_SCALE_COOLDOWN_SECS: always(number(0), '30', 'Least time between two changes.'),
    ARKLOOP_WORKER_POLL_SECONDS: always(number(0, 'exclusive'), '0.25', 'Fallback poll when no wake-up arrives.'),
    ARKLOOP_WORKER_LEASE_SECONDS: always(integer(1), '30', 'How long a job belongs to its worker without renewal.'),
    ARKLOOP_WORKER_HEARTBEAT_SECONDS: always(number(0, 'exclusive'), '10', 'Interval of lease renewal; below the lease.'),
    ARKLOOP_WORKER_QUEUE_JOB_TYPES: maybe(csv, 'Job types taken.', { shown: 'all types' }),
    ARKLOOP_WORKER_CAPABILITIES: maybe(csv, 'Tags offered.', { shown: 'the job types' }),
    ARKLOOP_WORKER_VERSION: always(text, 'unknown', 'Version the worker reports.'),
  },
  Models: {
    ARKLOOP_LLM_RETRY_MAX_ATTEMPTS: always(integer(1, 100), '3', 'Attempts of a model call.'),
    ARKLOOP_LLM_RETRY_BASE_DELAY_MS: always(integer(0), '1000', 'First delay between attempts; doubles up to 60 s.'),
    ARKLOOP_LLM_DEBUG_EVENTS: always(boolean, 'false', 'Raw model traffic as run events; refused in production.'),
    ARKLOOP_PROVIDER_ROUTING_JSON: maybe(json, 'Static routing of models.'),
    ARKLOOP_STUB_AGENT_ENABLED: always(boolean, 'true', 'The built-in stub model answers when nothing else is routed.'),
    ARKLOOP_STUB_AGENT_DELTA_COUNT: always(integer(0, 100_000), '3', 'Pieces of a stub answer.'),
    ARKLOOP_STUB_AGENT_DELTA_INTERVAL_SECONDS: always(number(0), '0.02', 'Time between the pieces.'),
    ARKLOOP_MCP_CACHE_TTL_SECONDS: always(integer(0), '60', 'How long the tools of a tool server are remembered; 0 turns that off.'),
    ARKLOOP_MCP_DISCOVERY_TIMEOUT_MS: always(integer(1, 600_000), '5000', 'How long a run waits for a tool server to say what it offers.'),
    ARKLOOP_MCP_STDIO_ALLOWLIST: maybe(
      programs,
      'Programs that tool servers may be, each with its leading arguments, a pattern of further ones, its folder and its variables ([the format](tools-and-mcp.md#programs)); others are not started.',
      { shown: 'whatever a platform admin names' },
    ),
    ARKLOOP_TOOL_PROVIDER_CACHE_TTL_SECONDS: always(integer(0), '60', 'Longest life of a cached tool provider; 0 turns the cache off.'),
  },
  Storage: {
    ARKLOOP_STORAGE_BACKEND: always(
      word('filesystem', 's3'),
      'filesystem',
      'Where files are kept; without `ARKLOOP_S3_*`, `s3` is nowhere.',
    ),
    ARKLOOP_STORAGE_ROOT: maybe(path, 'Folder of the files with `filesystem`.', { shown: '`<ARKLOOP_DATA_DIR>/storage`' }),
    ARKLOOP_S3_ENDPOINT: maybe(url, 'S3-compatible store, without the bucket.'),
    ARKLOOP_S3_ACCESS_KEY: maybe(text, 'Access key of the store.'),
    ARKLOOP_S3_SECRET_KEY: maybe(secret(1), 'Secret key of the store.'),
    ARKLOOP_S3_REGION: always(text, 'us-east-1', 'Region of the store.'),
    ARKLOOP_S3_BUCKET: always(text, 'arkloop', 'Bucket of the files; it must exist.'),
  },
  'Outbound and webhooks': {
    ARKLOOP_OUTBOUND_ALLOW_LOOPBACK_HTTP: always(boolean, 'false', 'Plain HTTP to loopback; refused in production.'),
    ARKLOOP_OUTBOUND_TRUST_FAKE_IP: always(boolean, 'false', 'Admit 198.18.0.0/15.'),
    ARKLOOP_OUTBOUND_EXTRA_PORTS: maybe(
      ports,
      'Ports below 1024 that URLs of users may name beside 80 and 443. From 1024 on all may be named but those that browsers block.',
    ),
    ARKLOOP_OUTBOUND_PROXY_URL: maybe(url, 'Egress proxy.'),
    ARKLOOP_OUTBOUND_TIMEOUT_MS: always(
      integer(0, 3_600_000),
      '0',
      'Longest silence of the other side of an outbound call: before the headers of an answer, and within a body that is no stream of a model or tool server. 0 leaves it to the deadline of each call.',
    ),
    ARKLOOP_OUTBOUND_RETRY_COUNT: always(
      integer(0, 10),
      '0',
      'How often an outbound call is repeated after a lost connection, 429, 502, 503 or 504, with growing pauses: GET, HEAD, OPTIONS, PUT and DELETE only.',
    ),
    ARKLOOP_OUTBOUND_USER_AGENT: maybe(text, 'User agent of outbound calls.'),
    ARKLOOP_WEBHOOK_MAX_ATTEMPTS: always(integer(1, 100), '5', 'Attempts to deliver a webhook.'),
    ARKLOOP_WEBHOOK_RETRY_BASE_SECONDS: always(
      number(0, 'exclusive'),
      '15',
      'After failed attempt n the next one waits this times 2^n, at most an hour.',
    ),
  },
  Gateway: {
    ARKLOOP_GATEWAY_ADDR: always(address, '0.0.0.0:19000', 'Listen address of the gateway.'),
    ARKLOOP_GATEWAY_UPSTREAM: maybe(url, 'The API behind the gateway.', { shown: '`http://127.0.0.1:19001`; in role `all` its own API' }),
    ARKLOOP_GATEWAY_FRONTEND_UPSTREAM: maybe(url, 'What serves all other paths than `/v1`; unset, they are not found.'),
    ARKLOOP_GATEWAY_UPSTREAM_TIMEOUT_MS: always(integer(1), '60000', 'Wait for response headers of the API.'),
    ARKLOOP_GATEWAY_TRUST_INCOMING_TRACE_ID: always(boolean, 'false', 'Keep the trace id that a caller sends.'),
    ARKLOOP_GATEWAY_CORS_ALLOWED_ORIGINS: always(
      origins,
      'http://localhost:19080,http://localhost:19081,http://localhost:19082',
      'Exact origins that browsers may call from.',
    ),
    ARKLOOP_GATEWAY_IP_MODE: always(
      word('direct', 'proxy', 'cdn'),
      'direct',
      `Where the address of a caller is read from: the connection, \`X-Forwarded-For\`, or the header of a CDN. ${initial}`,
    ),
    ARKLOOP_GATEWAY_TRUSTED_CIDRS: maybe(cidrs, `Proxies whose word on the caller is taken. ${initial}`, { shown: 'nobody' }),
    ARKLOOP_GATEWAY_CDN_IP_HEADER: always(headerName, 'CF-Connecting-IP', 'The header that a CDN writes the address of the caller into.'),
    ARKLOOP_GATEWAY_RISK_REJECT_THRESHOLD: always(
      number(0),
      '0',
      `Risk, up to 1, from which requests are refused; 0 refuses none. ${initial}`,
    ),
    ARKLOOP_RATELIMIT_CAPACITY: always(number(0, 'exclusive'), '600', `Requests of a caller at once. ${initial}`),
    ARKLOOP_RATELIMIT_RATE_PER_MINUTE: always(number(0, 'exclusive'), '300', `Requests of a caller in a minute. ${initial}`),
    ARKLOOP_GATEWAY_MAX_STREAMS_PER_ADDRESS: always(
      integer(0),
      '500',
      'Event streams that an address (IPv6: a /64) may have open at one gateway; 0 is without limit.',
    ),
    ARKLOOP_GATEWAY_REDIS_URL: maybe(
      redis,
      'Where several gateways share what callers have used; unset, they divide the rate limits among themselves.',
      {
        aliases: [{ name: 'ARKLOOP_REDIS_URL' }],
      },
    ),
    ARKLOOP_GATEWAY_REDIS_TIMEOUT_MS: always(integer(1), '150', 'Longest wait of a request for Redis.'),
    ARKLOOP_GEOIP_DB_PATH: maybe(path, 'MMDB file (City layout) that tells countries and risky networks; read again when it is replaced.'),
  },
} as const;
