import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { startEmbeddedPostgres } from '../../server/database/embedded.ts';
import { migrate } from '../../server/database/migrate.ts';
import { call } from '../bench/people.ts';
import { superviseServer } from '../faults/serverProcess.ts';
import { freePort } from '../support/app/ports.ts';
import { overTcp } from '../support/cluster/overTcp.ts';

const admin = { login: 'chief', password: 'Passw0rd-1' };

/** One API, one worker, a gateway and PostgreSQL: what a neighbour takes is missing at once. */
export async function startInstallation(onLine: (name: string, line: string) => void) {
  const folder = mkdtempSync(join(tmpdir(), 'arkloop-neighbours-'));
  const database = await startEmbeddedPostgres({ dataDir: folder, log: pino({ level: 'silent' }), settings: { fsync: 'off' } });
  await migrate(database.url);
  const [apiPort, gatewayPort] = [await freePort(), await freePort()];
  const env = {
    ARKLOOP_DATABASE_URL: overTcp(database.url).href,
    ARKLOOP_STORAGE_ROOT: folder,
    ARKLOOP_AUTH_JWT_SECRET: randomBytes(32).toString('hex'),
    ARKLOOP_ENCRYPTION_KEY: randomBytes(32).toString('hex'),
    ARKLOOP_ADMIN_LOGIN: admin.login,
    ARKLOOP_ADMIN_EMAIL: 'chief@example.test',
    ARKLOOP_ADMIN_PASSWORD: admin.password,
    ARKLOOP_LOG_LEVEL: 'warn',
    ARKLOOP_AUTH_REGISTRATIONS_PER_IP_HOUR: '0',
    ARKLOOP_OUTBOUND_ALLOW_LOOPBACK_HTTP: '1',
    // The rates of the gateway would end most floods before they reach what this test is about.
    ARKLOOP_RATELIMIT_CAPACITY: '1000000',
    ARKLOOP_API_ADDR: `127.0.0.1:${apiPort}`,
    ARKLOOP_GATEWAY_ADDR: `127.0.0.1:${gatewayPort}`,
    ARKLOOP_GATEWAY_UPSTREAM: `http://127.0.0.1:${apiPort}`,
  };
  const exits: string[] = [];
  const servers = ['api', 'worker', 'gateway'].map((role) =>
    superviseServer(
      role,
      role,
      { ...env, ARKLOOP_DATA_DIR: join(folder, role) },
      { onLine, onError: () => {}, onUnexpectedExit: (name, how) => void exits.push(`${name} ended: ${how}`) },
    ),
  );
  await Promise.all(servers.map((server) => server.ready()));
  const url = `http://127.0.0.1:${gatewayPort}`;
  const { access_token: adminToken } = await call<{ access_token: string }>(url, 'POST', '/v1/auth/login', undefined, admin);
  return {
    url,
    databaseUrl: database.url,
    adminToken,
    exits,
    async stop() {
      await Promise.all(servers.map((server) => server.stop()));
      await database.stop();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
