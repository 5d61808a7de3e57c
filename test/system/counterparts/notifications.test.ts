import { join } from 'node:path';
import { buildOnce, MissingToolError } from '../../support/checks/counterparts.ts';
import { findCommand, runOrThrow } from '../../support/checks/thirdParty.ts';
import { nats } from '../../support/cluster/brokers.ts';
import { testNotificationChannel } from '../../support/cluster/channelSuite.ts';

const version = 'v2.10.22';

/** The server of NATS, built from its Go module. Redis is tested by `npm run test:system` where it is installed. */
async function buildNats(): Promise<string> {
  if (!(await findCommand(['go'], ['version'], '.'))) throw new MissingToolError('there is no Go on this machine');
  const folder = await buildOnce(`nats-server-${version}`, (cwd) =>
    runOrThrow('go', ['install', `github.com/nats-io/nats-server/v2@${version}`], {
      cwd,
      env: { GOBIN: cwd, GOFLAGS: '-mod=mod' },
      ms: 600_000,
    }),
  );
  return join(folder, 'nats-server');
}

testNotificationChannel('NATS', async () => await nats(await buildNats()));
