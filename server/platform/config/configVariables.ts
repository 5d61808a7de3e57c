import * as kind from './kinds.ts';

/** A variable: its kind, its default text and its description. `shownDefault` replaces the default in the guide. */
export type Variable<T = unknown> = {
  kind: kind.Kind<T>;
  defaultText: string | undefined;
  description: string;
  aliases?: readonly Alias[];
  defaultTextInAll?: string;
  defaultTextInProduction?: string;
  shownDefault?: string;
};

/** Another name for a variable. `as` converts the text of the alias to that of the variable. */
type Alias = { name: string; as?: (text: string) => string };

type Extra = Pick<Variable, 'aliases' | 'defaultTextInAll' | 'defaultTextInProduction' | 'shownDefault'>;

function withDefault<T>(of: kind.Kind<T>, defaultText: string, description: string, extra: Extra = {}): Variable<T> {
  return { kind: of, defaultText, description, ...extra };
}

function optional<T>(of: kind.Kind<T>, description: string, extra: Extra = {}): Variable<T | undefined> {
  return { kind: of, defaultText: undefined, description, ...extra };
}

/** Where front ends run on the machine of a developer. */
const developmentOrigins = 'http://localhost:19080,http://localhost:19081,http://localhost:19082';

const {
  address,
  boolean,
  broker,
  cidrs,
  csv,
  dsn,
  fraction,
  headerName,
  hexKey,
  hexKeys,
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
  secrets,
  text,
  url,
  urls,
  word,
} = kind;

const initial = 'A value stored by an administrator takes precedence.';

/** Every environment variable that the processes read, by chapter of the configuration guide. */
export const configVariables = {
  General: {
    ARKLOOP_ENV: withDefault(
      word('development', 'test', 'staging', 'production'),
      'development',
      '`production` refuses weak or placeholder secrets and the development switches.',
    ),
    ARKLOOP_LOG_LEVEL: withDefault(word('debug', 'info', 'warn', 'error'), 'info', 'Least severe level that is logged.'),
    ARKLOOP_LOG_MODE: optional(word('json', 'pretty'), '`json` writes one object per line.', {
      shownDefault: '`json`; `pretty` on a terminal',
    }),
    ARKLOOP_LOAD_DOTENV: withDefault(boolean, 'false', 'Read a dotenv file at start; real variables win.'),
    ARKLOOP_DOTENV_FILE: withDefault(path, '.env', 'The dotenv file.'),
    ARKLOOP_DATA_DIR: withDefault(path, '.arkloop', 'State of the embedded database and generated secrets.'),
    ARKLOOP_METRICS_ADDR: optional(address, 'Where Prometheus reads `/metrics`; unset turns it off.'),
    ARKLOOP_SHUTDOWN_DRAIN_MS: optional(
      integer(0, 600_000),
      'How long `/readyz` is 503 before a process that was told to stop closes its port. Requests are answered meanwhile.',
      { shownDefault: '5000 in production, else 0' },
    ),
    ARKLOOP_READY_MAX_LOOP_DELAY_MS: withDefault(
      integer(0),
      '2000',
      '`/readyz` is 503 for 5 s after the event loop stood still for longer; 0 turns that off.',
    ),
    ARKLOOP_MAX_UNFINISHED_REQUESTS: withDefault(
      integer(0),
      '1024',
      'Requests to an API or gateway whose body has not arrived; above it the slowest is refused. Divided among the API processes. 0 means no limit.',
    ),
    ARKLOOP_MAX_UNFINISHED_REQUESTS_PER_ADDRESS: withDefault(
      integer(0),
      '64',
      'The same for an address (IPv6: a /64); above it its slowest is refused.',
    ),
    ARKLOOP_APP_BASE_URL: optional(
      url,
      'The public address: that of links, mails, passkeys and documents. Required in production if mail is sent.',
      { shownDefault: 'that of `ARKLOOP_GATEWAY_ADDR`, as `localhost` for 127.0.0.1 and all interfaces' },
    ),
  },
  API: {
    ARKLOOP_API_ADDR: withDefault(address, '127.0.0.1:19001', 'Listen address of the API.', {
      aliases: [{ name: 'ARKLOOP_API_GO_ADDR' }, { name: 'PORT', as: (port) => `0.0.0.0:${port.trim()}` }],
    }),
    ARKLOOP_API_PROCESSES: withDefault(
      integer(1, 256),
      '1',
      'Processes that serve the API in the roles `api` and `all` ([Several API processes](operations.md#several-api-processes)).',
    ),
    ARKLOOP_ALLOWED_HOSTS: optional(
      hosts,
      'Names that requests may be sent to, against DNS rebinding. Always allowed: loopback, IP addresses, names without a dot, and the host of `ARKLOOP_APP_BASE_URL`; setup takes no other addresses and names.',
      { shownDefault: 'none besides; in production any name, except for setup' },
    ),
    ARKLOOP_DATABASE_URL: optional(dsn, 'PostgreSQL 15 or newer, possibly through a pooler. Required in production.', {
      aliases: [{ name: 'DATABASE_URL' }],
      shownDefault: 'the embedded PostgreSQL',
    }),
    ARKLOOP_DATABASE_DIRECT_URL: optional(dsn, 'PostgreSQL itself, past the pooler: for migrations, notifications and the queue.', {
      shownDefault: '`ARKLOOP_DATABASE_URL`',
    }),
    ARKLOOP_DATABASE_READ_URL: optional(
      dsn,
      'A streaming replica of the database, without a pooler in transaction mode: lists and statistics are read there ([A read replica](operations.md#a-read-replica)).',
      { shownDefault: 'everything is read from the primary' },
    ),
    ARKLOOP_PUBSUB_URL: optional(
      broker,
      'Redis (`redis://`, `rediss://`) or NATS (`nats://`, `tls://`) that carries notifications between processes. The same for APIs, workers and gateways ([A broker](operations.md#a-broker-for-notifications)).',
      { shownDefault: 'PostgreSQL carries them' },
    ),
    ARKLOOP_API_DB_POOL_MAX_CONNS: withDefault(
      integer(1, 1_000),
      '8',
      'Most database connections of a process; its API processes share them.',
    ),
    ARKLOOP_API_DB_POOL_MIN_CONNS: withDefault(
      integer(0, 1_000),
      '0',
      'Idle database connections that a process keeps open; its API processes share them.',
    ),
    ARKLOOP_API_MAX_IN_FLIGHT: withDefault(integer(0), '256', 'Concurrent requests, divided among the API processes; 0 means no limit.'),
    ARKLOOP_MAX_CHAT_COMPLETIONS: withDefault(
      integer(0),
      '1024',
      'Concurrent chat completions, divided among the API processes; 0 means no limit. They do not count against ARKLOOP_API_MAX_IN_FLIGHT.',
    ),
    ARKLOOP_TRUST_INCOMING_TRACE_ID: withDefault(boolean, 'false', 'Accept the trace id of a trusted proxy.', { defaultTextInAll: 'true' }),
    ARKLOOP_TRUST_X_FORWARDED_FOR: withDefault(boolean, 'false', 'Accept client address and protocol of a trusted proxy.', {
      defaultTextInAll: 'true',
    }),
    ARKLOOP_TRUSTED_PROXY_CIDRS: withDefault(cidrs, '127.0.0.0/8,::1/128', 'Peers that count as trusted proxies.'),
    ARKLOOP_CONFIG_CACHE_TTL_SECONDS: withDefault(integer(0), '60', 'Longest life of a cached setting; 0 turns the cache off.'),
  },
  'First administrator': {
    ARKLOOP_ADMIN_LOGIN: optional(text, 'Login of the platform administrator made at the first start; needs the other two.'),
    ARKLOOP_ADMIN_EMAIL: optional(text, 'Email address of that administrator.'),
    ARKLOOP_ADMIN_PASSWORD: optional(secret(1), 'Password of that administrator.'),
    ARKLOOP_BOOTSTRAP_PLATFORM_ADMIN: optional(text, 'User promoted to platform administrator at start, once.'),
    ARKLOOP_BOOTSTRAP_SECRET: optional(secret(1), 'Allows the bootstrap init call from elsewhere than loopback.'),
  },
  'Auth and secrets': {
    ARKLOOP_AUTH_JWT_SECRET: optional(secret(32), 'HS256 key of access tokens. Required in production.', {
      shownDefault: 'generated once in the data folder',
    }),
    ARKLOOP_AUTH_JWT_SECRETS: optional(
      secrets(32),
      'Keys of access tokens, newest first: the first signs, all are accepted. `ARKLOOP_AUTH_JWT_SECRET` counts as the last of them ([Changing keys](key-rotation.md)).',
    ),
    ARKLOOP_AUTH_ACCESS_TOKEN_TTL_SECONDS: withDefault(integer(1), '900', 'Life of an access token.'),
    ARKLOOP_AUTH_REFRESH_TOKEN_TTL_SECONDS: withDefault(integer(1), '2592000', 'Life of a refresh token, renewed at each rotation.'),
    ARKLOOP_AUTH_REGISTRATIONS_PER_IP_HOUR: withDefault(integer(0), '20', 'Registrations per address and hour; 0 turns the limit off.'),
    ARKLOOP_PASSKEY_RP_ID: optional(
      host,
      'Domain to which passkeys belong (the relying party of WebAuthn). Changing it makes all passkeys useless ([passkeys](authentication.md#passkeys)).',
      { shownDefault: 'the host of `ARKLOOP_APP_BASE_URL`' },
    ),
    ARKLOOP_PASSKEY_ORIGINS: optional(
      origins,
      'Origins whose pages may use passkeys: the domain or its subdomains, with https except for localhost.',
      { shownDefault: 'that of `ARKLOOP_APP_BASE_URL`, and those of `ARKLOOP_GATEWAY_CORS_ALLOWED_ORIGINS` in the domain' },
    ),
    ARKLOOP_ENCRYPTION_KEY: optional(hexKey, 'AES-256-GCM key of stored secrets. Required in production.', {
      shownDefault: 'generated once in the data folder',
    }),
    ARKLOOP_ENCRYPTION_KEYS: optional(
      hexKeys,
      'Keys of stored secrets, newest first: the first encrypts, all decrypt. `ARKLOOP_ENCRYPTION_KEY` counts as the last of them ([Changing keys](key-rotation.md)).',
    ),
    ARKLOOP_ENCRYPTION_KEY_LOST: withDefault(
      boolean,
      'false',
      'Start although the key that other processes seal with is missing. What it has sealed must be entered again.',
    ),
    ARKLOOP_TURNSTILE_SITE_KEY: optional(text, 'Public key of the captcha (Turnstile); it is on when both keys are set.'),
    ARKLOOP_TURNSTILE_SECRET_KEY: optional(secret(1), 'Secret key of the captcha.'),
    ARKLOOP_TURNSTILE_ALLOWED_HOST: optional(text, 'The host that a captcha must have been solved on.', { shownDefault: 'any host' }),
    ARKLOOP_TURNSTILE_VERIFY_URL: withDefault(
      url,
      'https://challenges.cloudflare.com/turnstile/v0/siteverify',
      'Where captchas are verified.',
    ),
  },
  Email: {
    ARKLOOP_EMAIL_FROM: optional(
      mailbox,
      'Sender of mail. Without it and a server, mail is off in production and written to `<ARKLOOP_DATA_DIR>/mail` elsewhere.',
    ),
    ARKLOOP_SMTP_HOST: optional(host, 'Server that takes the mail.'),
    ARKLOOP_SMTP_PORT: withDefault(integer(1, 65_535), '587', 'Its port.'),
    ARKLOOP_SMTP_USER: optional(text, 'SMTP user. Without it, the client does not authenticate.'),
    ARKLOOP_SMTP_PASS: optional(secret(1), 'Password of that user.'),
    ARKLOOP_SMTP_TLS_MODE: withDefault(
      word('none', 'starttls', 'tls'),
      'starttls',
      '`starttls` fails where the server does not offer it, `tls` speaks TLS from the start.',
    ),
  },
  'Runs and events': {
    ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: withDefault(
      integer(0),
      '10',
      'Used when `limit.concurrent_runs` resolves to 0; 0 means no limit.',
    ),
    ARKLOOP_RUN_TIMEOUT_MINUTES: withDefault(integer(1), '5', 'A run without progress for so long is failed.'),
    ARKLOOP_RUN_EVENTS_RETENTION_MONTHS: withDefault(
      integer(1),
      '3',
      'Months of run events kept, in the database and in the object store.',
    ),
    ARKLOOP_RUN_EVENTS_ARCHIVE_DAYS: withDefault(
      integer(0),
      '0',
      'Days after the end of a run after which its events move to the object store; 0 means never. All API processes and workers need the same store.',
    ),
    ARKLOOP_SSE_HEARTBEAT_SECONDS: withDefault(number(0, 'exclusive'), '15', 'Interval of comment lines on idle streams.'),
    ARKLOOP_MAX_STREAMS_PER_USER: withDefault(
      integer(0),
      '100',
      'Event streams that a user may have open at one API, counted over its processes; 0 means no limit.',
    ),
    ARKLOOP_SSE_BATCH_LIMIT: withDefault(integer(1, 10_000), '500', 'Events per read.'),
    ARKLOOP_AUDIT_RETENTION_DAYS: withDefault(integer(0), '365', 'Days of audit log kept; 0 means forever.'),
    ARKLOOP_NOTIFICATION_RETENTION_DAYS: withDefault(
      integer(0, 36_500),
      '0',
      'Days after which notifications are deleted, read or not; 0 means never.',
    ),
    ARKLOOP_WEBHOOK_RETENTION_DAYS: withDefault(integer(1, 3_650), '30', 'Days for which webhook deliveries and their attempts are kept.'),
    ARKLOOP_ACCESS_LOG_ENABLED: withDefault(boolean, 'true', 'Note every request of the gateway in the database.'),
    ARKLOOP_ACCESS_LOG_SAMPLE_RATE: withDefault(
      fraction,
      '1',
      'Share of the successful requests that are noted. Failed and slow ones always are ([Access log](operations.md#access-log)).',
    ),
    ARKLOOP_ACCESS_LOG_SLOW_MS: withDefault(integer(0), '1000', 'Duration from which a request is slow and noted in any case.'),
    ARKLOOP_ACCESS_LOG_RETENTION_DAYS: withDefault(integer(1, 3_650), '7', 'Days of access log kept.'),
  },
  Worker: {
    ARKLOOP_WORKER_CONCURRENCY: withDefault(integer(1, 1_000), '4', 'Parallel jobs at start, kept within the bounds below.'),
    ARKLOOP_WORKER_MIN_CONCURRENCY: withDefault(integer(1, 1_000), '2', 'Fewest parallel jobs.'),
    ARKLOOP_WORKER_MAX_CONCURRENCY: withDefault(
      integer(1, 1_000),
      '16',
      'Most parallel jobs, besides one run of an account that has no other.',
    ),
    ARKLOOP_WORKER_SCALE_UP_THRESHOLD: withDefault(number(0), '3', 'Waiting jobs that add a slot.'),
    ARKLOOP_WORKER_SCALE_DOWN_THRESHOLD: withDefault(number(0), '1', 'Waiting jobs that remove a slot.'),
    ARKLOOP_WORKER_SCALE_INTERVAL_SECS: withDefault(number(0, 'exclusive'), '5', 'How often the number of slots is considered.'),
    ARKLOOP_WORKER_SCALE_COOLDOWN_SECS: withDefault(number(0), '30', 'Least time between two changes.'),
    ARKLOOP_WORKER_POLL_SECONDS: withDefault(number(0, 'exclusive'), '0.25', 'Fallback poll when no wake-up arrives.'),
    ARKLOOP_ERASURE_SETTLE_SECONDS: withDefault(
      integer(0, 3_600),
      '30',
      'How long an erasure waits after it has closed the account, for requests that were authorized before.',
    ),
    ARKLOOP_WORKER_LEASE_SECONDS: withDefault(integer(1), '45', 'How long a job belongs to its worker without renewal.'),
    ARKLOOP_WORKER_HEARTBEAT_SECONDS: withDefault(number(0, 'exclusive'), '10', 'Interval of lease renewal; below the lease.'),
    ARKLOOP_WORKER_QUEUE_JOB_TYPES: optional(csv, 'Job types taken.', { shownDefault: 'all types' }),
    ARKLOOP_WORKER_CAPABILITIES: optional(csv, 'Tags offered.', { shownDefault: 'the job types' }),
    ARKLOOP_WORKER_VERSION: withDefault(text, 'unknown', 'Version the worker reports.'),
  },
  Models: {
    ARKLOOP_LLM_RETRY_MAX_ATTEMPTS: withDefault(integer(1, 100), '3', 'Attempts of a model call.'),
    ARKLOOP_LLM_RETRY_BASE_DELAY_MS: withDefault(integer(0), '1000', 'First delay between attempts; doubles up to 60 s.'),
    ARKLOOP_LLM_DEBUG_EVENTS: withDefault(boolean, 'false', 'Raw model traffic as run events; refused in production.'),
    ARKLOOP_PROVIDER_ROUTING_JSON: optional(json, 'Static routing of models.'),
    ARKLOOP_STUB_AGENT_ENABLED: withDefault(boolean, 'true', 'The built-in stub model answers when nothing else is routed.'),
    ARKLOOP_STUB_AGENT_DELTA_COUNT: withDefault(integer(0, 100_000), '3', 'Pieces of a stub answer.'),
    ARKLOOP_STUB_AGENT_DELTA_INTERVAL_SECONDS: withDefault(number(0), '0.02', 'Time between the pieces.'),
    ARKLOOP_MCP_CACHE_TTL_SECONDS: withDefault(integer(0), '60', 'How long the tools of a tool server are remembered; 0 turns that off.'),
    ARKLOOP_MCP_DISCOVERY_TIMEOUT_MS: withDefault(
      integer(1, 600_000),
      '5000',
      'How long a run waits for a tool server to say what it offers.',
    ),
    ARKLOOP_MCP_STDIO_ALLOWLIST: optional(
      programs,
      'Programs that tool servers may be, each with its leading arguments, a pattern of further ones, its folder and its variables ([the format](tools-and-mcp.md#programs)); others are not started.',
      { shownDefault: 'whatever a platform admin names' },
    ),
    ARKLOOP_CODE_SANDBOX: withDefault(
      word('off', 'wasm'),
      'off',
      'Where workers run the code of the tool `run_code` ([code](tools-and-mcp.md#code)); `off`: nowhere.',
    ),
    ARKLOOP_CODE_MEMORY_MB: withDefault(
      integer(320, 8_192),
      '512',
      'Memory of one execution of code, in MiB; a worker has at most two at a time.',
    ),
    ARKLOOP_CODE_PYTHON_WHEELS: optional(path, 'Folder of Python wheels for Pyodide, installed before each execution of Python.'),
    ARKLOOP_TOOL_PROVIDER_CACHE_TTL_SECONDS: withDefault(
      integer(0),
      '60',
      'Longest life of a cached tool provider; 0 turns the cache off.',
    ),
  },
  Storage: {
    ARKLOOP_STORAGE_BACKEND: withDefault(
      word('filesystem', 's3'),
      'filesystem',
      'Where files are kept; without `ARKLOOP_S3_*`, `s3` is nowhere.',
    ),
    ARKLOOP_STORAGE_ROOT: optional(path, 'Folder of the files with `filesystem`.', { shownDefault: '`<ARKLOOP_DATA_DIR>/storage`' }),
    ARKLOOP_S3_ENDPOINT: optional(url, 'S3-compatible store, without the bucket.'),
    ARKLOOP_S3_ACCESS_KEY: optional(text, 'Access key of the store.'),
    ARKLOOP_S3_SECRET_KEY: optional(secret(1), 'Secret key of the store.'),
    ARKLOOP_S3_REGION: withDefault(text, 'us-east-1', 'Region of the store.'),
    ARKLOOP_S3_BUCKET: withDefault(text, 'arkloop', 'Bucket of the files; it must exist.'),
  },
  'Outbound and webhooks': {
    ARKLOOP_OUTBOUND_ALLOW_LOOPBACK_HTTP: withDefault(boolean, 'false', 'Plain HTTP to loopback; refused in production.'),
    ARKLOOP_OUTBOUND_TRUST_FAKE_IP: withDefault(boolean, 'false', 'Admit 198.18.0.0/15.'),
    ARKLOOP_OUTBOUND_EXTRA_PORTS: optional(
      ports,
      'Ports below 1024 that URLs of users may name beside 80 and 443. From 1024 on all may be named but those that browsers block.',
    ),
    ARKLOOP_OUTBOUND_PROXY_URL: optional(url, 'Egress proxy.'),
    ARKLOOP_OUTBOUND_TIMEOUT_MS: withDefault(
      integer(0, 3_600_000),
      '0',
      'Longest silence of the other side of an outbound call: before the headers of an answer, and within a body that is no stream of a model or tool server. 0 leaves it to the deadline of each call.',
    ),
    ARKLOOP_OUTBOUND_RETRY_COUNT: withDefault(
      integer(0, 10),
      '0',
      'How often an outbound call is repeated after a lost connection, 429, 502, 503 or 504, with growing pauses: GET, HEAD, OPTIONS, PUT and DELETE only.',
    ),
    ARKLOOP_OUTBOUND_USER_AGENT: optional(text, 'User agent of outbound calls.'),
    ARKLOOP_WEBHOOK_MAX_ATTEMPTS: withDefault(integer(1, 100), '5', 'Attempts to deliver a webhook.'),
    ARKLOOP_WEBHOOK_RETRY_BASE_SECONDS: withDefault(
      number(0, 'exclusive'),
      '15',
      'After failed attempt n the next one waits this times 2^n, at most an hour.',
    ),
  },
  Gateway: {
    ARKLOOP_GATEWAY_ADDR: withDefault(address, '0.0.0.0:19000', 'Listen address of the gateway.'),
    ARKLOOP_GATEWAY_TLS_CERT_FILE: optional(
      path,
      'Certificate in PEM format, with the chain behind it: the gateway serves HTTPS. Read again when it changes ([TLS](self-hosting.md#tls-in-the-gateway)).',
    ),
    ARKLOOP_GATEWAY_TLS_KEY_FILE: optional(path, 'Private key of the certificate in PEM format, without a passphrase.'),
    ARKLOOP_GATEWAY_UPSTREAM: optional(
      urls,
      'The API behind the gateway, or several of them ([Several upstreams](operations.md#several-upstreams)).',
      { shownDefault: '`http://127.0.0.1:19001`; in role `all` its own API' },
    ),
    ARKLOOP_GATEWAY_UPSTREAMS_FILE: optional(
      path,
      'File with a URL of an API in each line, in place of `ARKLOOP_GATEWAY_UPSTREAM`. Read again when it changes.',
    ),
    ARKLOOP_GATEWAY_UPSTREAM_CHECK_INTERVAL_MS: withDefault(
      integer(100, 600_000),
      '2000',
      'How often each of several APIs is asked for `/readyz`.',
    ),
    ARKLOOP_GATEWAY_FRONTEND_UPSTREAM: optional(url, 'What serves all other paths than `/v1` and `/mcp`; unset, they are not found.'),
    ARKLOOP_GATEWAY_UPSTREAM_TIMEOUT_MS: withDefault(integer(1), '60000', 'Wait for response headers of the API.'),
    ARKLOOP_GATEWAY_TRUST_INCOMING_TRACE_ID: withDefault(boolean, 'false', 'Keep the trace id that a caller sends.'),
    ARKLOOP_GATEWAY_CORS_ALLOWED_ORIGINS: withDefault(origins, developmentOrigins, 'Exact origins that browsers may call from.', {
      defaultTextInProduction: '',
      shownDefault: `none in production, else \`${developmentOrigins}\``,
    }),
    ARKLOOP_GATEWAY_IP_MODE: withDefault(
      word('direct', 'proxy', 'cdn'),
      'direct',
      `Where the address of a caller is read from: the connection, \`X-Forwarded-For\`, or the header of a CDN. ${initial}`,
    ),
    ARKLOOP_GATEWAY_TRUSTED_CIDRS: optional(cidrs, `Proxies whose forwarding headers are trusted. ${initial}`, { shownDefault: 'none' }),
    ARKLOOP_GATEWAY_CDN_IP_HEADER: withDefault(
      headerName,
      'CF-Connecting-IP',
      'The header that a CDN writes the address of the caller into.',
    ),
    ARKLOOP_GATEWAY_RISK_REJECT_THRESHOLD: withDefault(
      number(0),
      '0',
      `Risk, up to 1, from which requests are rejected; 0 rejects none. ${initial}`,
    ),
    ARKLOOP_RATELIMIT_CAPACITY: withDefault(number(0, 'exclusive'), '600', `Requests of a caller at once. ${initial}`),
    ARKLOOP_RATELIMIT_RATE_PER_MINUTE: withDefault(number(0, 'exclusive'), '300', `Requests of a caller in a minute. ${initial}`),
    ARKLOOP_GATEWAY_RATELIMIT_RULES: optional(
      json,
      `Limits for some of the requests, as \`rate_limit_rules\` ([Scaling](operations.md#scaling)). ${initial}`,
      { shownDefault: 'none' },
    ),
    ARKLOOP_GATEWAY_MAINTENANCE_ENABLED: withDefault(
      boolean,
      'false',
      `Reject requests with 503 \`maintenance\` ([Maintenance](operations.md#maintenance)). ${initial}`,
    ),
    ARKLOOP_GATEWAY_MAINTENANCE_RETRY_AFTER_SECONDS: withDefault(
      integer(1, 86_400),
      '60',
      `\`Retry-After\` of requests that are rejected for maintenance. ${initial}`,
    ),
    ARKLOOP_GATEWAY_MAINTENANCE_ALLOWED_CIDRS: optional(cidrs, `Networks that are served during maintenance. ${initial}`, {
      shownDefault: 'none',
    }),
    ARKLOOP_GATEWAY_MAINTENANCE_FILE: optional(
      path,
      'While this file exists, requests are rejected as for `ARKLOOP_GATEWAY_MAINTENANCE_ENABLED`.',
    ),
    ARKLOOP_GATEWAY_BENCHZ: withDefault(
      boolean,
      'false',
      'Answer `/benchz` to callers on the same machine, to measure the gateway without an API.',
    ),
    ARKLOOP_GATEWAY_MAX_STREAMS_PER_ADDRESS: withDefault(
      integer(0),
      '500',
      'Event streams that an address (IPv6: a /64) may have open at one gateway; 0 means no limit.',
    ),
    ARKLOOP_GATEWAY_REDIS_URL: optional(
      redis,
      'Where several gateways share what callers have used; unset, they divide the rate limits among themselves.',
      {
        aliases: [{ name: 'ARKLOOP_REDIS_URL' }],
      },
    ),
    ARKLOOP_GATEWAY_REDIS_TIMEOUT_MS: withDefault(integer(1), '150', 'Longest wait of a request for Redis.'),
    ARKLOOP_GEOIP_DB_PATH: optional(
      path,
      'MMDB file (City layout) that tells countries and risky networks; read again when it is replaced.',
    ),
  },
} as const;
