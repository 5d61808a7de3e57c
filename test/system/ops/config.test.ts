import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { configurationGuide } from '../../../docs/configuration.ts';
import { OperatorError, readConfig, type Role, unknownVariables } from '../../../server/platform/config/config.ts';
import { configVariables, type Variable } from '../../../server/platform/config/configVariables.ts';

const strong = {
  ARKLOOP_AUTH_JWT_SECRET: 'q7Rk2vXw9ZbN4mTs8LpY3cHd6FgJ1aEu',
  ARKLOOP_ENCRYPTION_KEY: '9f86d081884c7d659a2feaa0c55ad015'.repeat(2),
};
const production = { ARKLOOP_ENV: 'production', ARKLOOP_DATABASE_URL: 'postgres://db.internal/arkloop', ...strong };

function problemsOf(env: NodeJS.ProcessEnv, role?: Role): string[] {
  try {
    readConfig(env, role);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(OperatorError);
    return (error as Error).message.split('\n');
  }
}

describe('defaults', () => {
  test('an empty environment gives the documented values', () => {
    expect(readConfig({})).toMatchObject({
      env: 'development',
      apiAddr: { host: '127.0.0.1', port: 19001 },
      gatewayAddr: { host: '0.0.0.0', port: 19000 },
      sseHeartbeatSeconds: 15,
      workerLeaseSeconds: 45,
      workerPollSeconds: 0.25,
      stubAgentEnabled: true,
      databaseUrl: undefined,
      gatewayCorsAllowedOrigins: ['http://localhost:19080', 'http://localhost:19081', 'http://localhost:19082'],
    });
  });

  test('forwarding headers are trusted only where gateway and API start together', () => {
    expect(readConfig({}, 'all')).toMatchObject({ trustXForwardedFor: true, trustIncomingTraceId: true });
    expect(readConfig({}, 'api')).toMatchObject({ trustXForwardedFor: false, trustIncomingTraceId: false });
    expect(readConfig({ ARKLOOP_TRUST_X_FORWARDED_FOR: 'no' }, 'all').trustXForwardedFor).toBe(false);
  });

  test('blank values count as unset', () => {
    expect(readConfig({ ARKLOOP_API_ADDR: '', ARKLOOP_SSE_BATCH_LIMIT: '  ', ARKLOOP_AUTH_JWT_SECRET: '' })).toEqual(readConfig({}));
  });
});

describe('values', () => {
  test.each(['1', 'true', 'YES', 'On'])('%s is true', (text) =>
    expect(readConfig({ ARKLOOP_LLM_DEBUG_EVENTS: text }).llmDebugEvents).toBe(true),
  );
  test.each(['0', 'False', 'no', 'OFF'])('%s is false', (text) =>
    expect(readConfig({ ARKLOOP_STUB_AGENT_ENABLED: text }).stubAgentEnabled).toBe(false),
  );

  test('addresses may be IPv6 or all interfaces', () => {
    expect(readConfig({ ARKLOOP_API_ADDR: '[::1]:0' }).apiAddr).toEqual({ host: '::1', port: 0 });
    expect(readConfig({ ARKLOOP_API_ADDR: ':8080' }).apiAddr).toEqual({ host: '0.0.0.0', port: 8080 });
  });

  test('aliases apply in order of precedence', () => {
    expect(readConfig({ PORT: '8080' }).apiAddr).toEqual({ host: '0.0.0.0', port: 8080 });
    expect(readConfig({ PORT: '8080', ARKLOOP_API_GO_ADDR: '127.0.0.1:1' }).apiAddr.port).toBe(1);
    expect(readConfig({ ARKLOOP_API_GO_ADDR: '127.0.0.1:1', ARKLOOP_API_ADDR: '127.0.0.1:2' }).apiAddr.port).toBe(2);
    expect(readConfig({ DATABASE_URL: 'postgres://a/b' }).databaseUrl).toBe('postgres://a/b');
    expect(problemsOf({ PORT: '99999' })).toEqual(['PORT: expected a port from 0 to 65535']);
  });

  test('lists are split and trimmed', () => {
    expect(readConfig({ ARKLOOP_WORKER_CAPABILITIES: ' gpu, ,eu ' }).workerCapabilities).toEqual(['gpu', 'eu']);
  });

  test.each([
    ['ARKLOOP_AUTH_JWT_SECRET', 'x'.repeat(31)],
    ['ARKLOOP_ENCRYPTION_KEY', 'f'.repeat(63)],
    ['ARKLOOP_AUTH_JWT_SECRETS', `${'x'.repeat(32)},${'y'.repeat(31)}`],
    ['ARKLOOP_ENCRYPTION_KEYS', `${'f'.repeat(64)},${'f'.repeat(63)}`],
    ['ARKLOOP_ENCRYPTION_KEYS', ' , ,'],
    ['ARKLOOP_GATEWAY_CORS_ALLOWED_ORIGINS', '*'],
    ['ARKLOOP_GATEWAY_CORS_ALLOWED_ORIGINS', 'https://a.example/path'],
    ['ARKLOOP_API_ADDR', '127.0.0.1:70000'],
    ['ARKLOOP_API_ADDR', 'nonsense'],
    ['ARKLOOP_SSE_BATCH_LIMIT', '12.5'],
    ['ARKLOOP_AUTH_ACCESS_TOKEN_TTL_SECONDS', '0'],
    ['ARKLOOP_LOAD_DOTENV', 'perhaps'],
    ['ARKLOOP_LOG_LEVEL', 'chatty'],
    ['ARKLOOP_ENV', 'prodution'],
    ['ARKLOOP_DATABASE_URL', 'mysql://user:hunter2@host/db'],
    ['ARKLOOP_PROVIDER_ROUTING_JSON', '{"api_key":"hunter2"'],
    ['ARKLOOP_TRUSTED_PROXY_CIDRS', '10.0.0.0/33'],
  ])('%s=%s is rejected in one line that names the variable and hides the value', (name, value) => {
    const problems = problemsOf({ [name]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${name}: expected `));
    if (value !== '*') expect(problems[0]).not.toContain(value);
  });

  const paths = Object.values(configVariables)
    .flatMap((chapter) => Object.entries<Variable>(chapter))
    .flatMap(([name, { kind }]) => (kind.type === 'path' ? [name] : []));

  test.each(paths)('%s does not begin with a ~ that no shell has expanded', (name) => {
    expect(problemsOf({ [name]: '~/x' })[0]).toBe(`${name}: expected a path that does not begin with ~, which only a shell expands`);
    expect(problemsOf({ [name]: './~x' }).filter((problem) => problem.includes('~'))).toEqual([]);
  });

  test('all invalid variables are reported at once', () => {
    expect(problemsOf({ ARKLOOP_API_ADDR: 'x', ARKLOOP_SSE_BATCH_LIMIT: 'y', ARKLOOP_LOG_MODE: 'z' })).toHaveLength(3);
  });
});

describe('rules between variables', () => {
  test('the heartbeat interval must be shorter than the lease', () => {
    expect(problemsOf({ ARKLOOP_WORKER_HEARTBEAT_SECONDS: '45' })).toEqual([
      'ARKLOOP_WORKER_HEARTBEAT_SECONDS: must be below ARKLOOP_WORKER_LEASE_SECONDS',
    ]);
  });

  test('the minimum of a pool must not exceed its maximum', () => {
    expect(problemsOf({ ARKLOOP_API_DB_POOL_MIN_CONNS: '9' })).toEqual([
      'ARKLOOP_API_DB_POOL_MIN_CONNS: must not exceed ARKLOOP_API_DB_POOL_MAX_CONNS',
    ]);
  });

  test('a gateway must not forward to itself', () => {
    const ofGateway = (env: Record<string, string>) => problemsOf(env, 'gateway');
    const itself = 'leads to the gateway itself, which listens on ARKLOOP_GATEWAY_ADDR';
    expect(ofGateway({ ARKLOOP_GATEWAY_UPSTREAM: 'http://10.0.0.1:19000, http://localhost:19000' })).toEqual([
      `ARKLOOP_GATEWAY_UPSTREAM: ${itself}`,
    ]);
    const own = { ARKLOOP_GATEWAY_ADDR: '[::1]:80' };
    expect(ofGateway({ ...own, ARKLOOP_GATEWAY_FRONTEND_UPSTREAM: 'http://[::1]' })).toEqual([
      `ARKLOOP_GATEWAY_FRONTEND_UPSTREAM: ${itself}`,
    ]);
    expect(ofGateway({ ...own, ARKLOOP_GATEWAY_UPSTREAM: 'https://localhost, http://10.0.0.1' })).toEqual([]);
  });

  test('the first administrator requires all three variables or none', () => {
    const problems = problemsOf({ ARKLOOP_ADMIN_LOGIN: 'root' });
    expect(problems.map((line) => line.split(':')[0])).toEqual(['ARKLOOP_ADMIN_EMAIL', 'ARKLOOP_ADMIN_PASSWORD']);
    expect(readConfig({ ARKLOOP_ADMIN_LOGIN: 'a', ARKLOOP_ADMIN_EMAIL: 'a@b.c', ARKLOOP_ADMIN_PASSWORD: ' p ' }).adminPassword).toBe(' p ');
  });
});

describe('production', () => {
  test('starts with a database and strong secrets', () => expect(problemsOf(production)).toEqual([]));

  test('allows no origins by default', () => {
    expect(readConfig(production).gatewayCorsAllowedOrigins).toEqual([]);
    expect(readConfig({}).gatewayCorsAllowedOrigins).toContain('http://localhost:19080');
  });

  test('needs the endpoint of the selected object store', () => {
    expect(problemsOf({ ...production, ARKLOOP_STORAGE_BACKEND: 's3' })).toEqual([
      'ARKLOOP_S3_ENDPOINT: is required by ARKLOOP_STORAGE_BACKEND=s3 when ARKLOOP_ENV=production',
    ]);
  });

  test('starts with rings of strong secrets in place of the single ones', () => {
    const { ARKLOOP_AUTH_JWT_SECRET: secret, ARKLOOP_ENCRYPTION_KEY: key, ...rest } = production;
    const rings = { ARKLOOP_AUTH_JWT_SECRETS: `${secret}, ${secret}2`, ARKLOOP_ENCRYPTION_KEYS: `${key},${key.toUpperCase()}` };
    expect(problemsOf({ ...rest, ...rings })).toEqual([]);
    expect(readConfig({ ...rest, ...rings })).toMatchObject({ authJwtSecrets: [secret, `${secret}2`], encryptionKeys: [key, key] });
  });

  test('needs both secrets and a database', () => {
    expect(problemsOf({ ARKLOOP_ENV: 'Production' }).map((line) => line.split(':')[0])).toEqual([
      'ARKLOOP_DATABASE_URL',
      'ARKLOOP_AUTH_JWT_SECRET',
      'ARKLOOP_ENCRYPTION_KEY',
    ]);
  });

  test.each([
    ['ARKLOOP_OUTBOUND_ALLOW_LOOPBACK_HTTP', '1'],
    ['ARKLOOP_LLM_DEBUG_EVENTS', '1'],
    ['ARKLOOP_AUTH_JWT_SECRET', 'change-me-to-a-long-random-secret-value'],
    ['ARKLOOP_AUTH_JWT_SECRET', 'a'.repeat(40)],
    ['ARKLOOP_AUTH_JWT_SECRETS', 'change-me-to-a-long-random-secret-value'],
    ['ARKLOOP_ENCRYPTION_KEY', '0'.repeat(64)],
    ['ARKLOOP_ENCRYPTION_KEYS', '0'.repeat(64)],
    ['ARKLOOP_ENCRYPTION_KEY', '0123456789abcdef'.repeat(4)],
  ])('rejects %s=%s', (name, value) => {
    const problems = problemsOf({ ...production, [name]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(name);
    expect(problems[0]).not.toContain(value);
  });

  test('needs neither a database nor secrets for a gateway', () =>
    expect(problemsOf({ ARKLOOP_ENV: 'production' }, 'gateway')).toEqual([]));
});

describe('dotenv', () => {
  test('is read when enabled, and environment variables take precedence', () => {
    const folder = mkdtempSync(join(tmpdir(), 'arkloop-config-'));
    const file = join(folder, 'settings');
    writeFileSync(file, 'ARKLOOP_SSE_BATCH_LIMIT=7\nARKLOOP_RUN_TIMEOUT_MINUTES=8\nARKLOOP_WORKER_VERSION=file\n');
    const env = { ARKLOOP_DOTENV_FILE: file, ARKLOOP_RUN_TIMEOUT_MINUTES: '9', ARKLOOP_WORKER_VERSION: '' };
    expect(readConfig(env)).toMatchObject({ sseBatchLimit: 500, runTimeoutMinutes: 9 });
    expect(readConfig({ ...env, ARKLOOP_LOAD_DOTENV: 'yes' })).toMatchObject({
      sseBatchLimit: 7,
      runTimeoutMinutes: 9,
      workerVersion: 'file',
    });
    rmSync(folder, { recursive: true });
  });

  test('a missing file is reported', () => {
    expect(problemsOf({ ARKLOOP_LOAD_DOTENV: '1', ARKLOOP_DOTENV_FILE: '/nowhere/.env' })).toEqual([
      'ARKLOOP_DOTENV_FILE: expected a readable file',
    ]);
  });
});

test('unknown variables are reported with a suggestion', () => {
  expect(unknownVariables({ ARKLOOP_SSE_HEARBEAT_SECONDS: '1', ARKLOOP_NONSENSE: '1', ARKLOOP_CREDIT_PER_USD: '2000', PATH: '/' })).toEqual(
    [
      'ARKLOOP_SSE_HEARBEAT_SECONDS is not a known variable; did you mean ARKLOOP_SSE_HEARTBEAT_SECONDS?',
      'ARKLOOP_NONSENSE is not a known variable',
    ],
  );
  expect(unknownVariables({ ARKLOOP_API_ADDR: '1', ARKLOOP_API_GO_ADDR: '1' })).toEqual([]);
});

test('the configuration guide matches the table', () => {
  expect(readFileSync(new URL('../../../docs/guides/configuration.md', import.meta.url), 'utf8')).toBe(configurationGuide());
});
