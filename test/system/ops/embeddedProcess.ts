import { pino } from 'pino';
import { startEmbeddedPostgres } from '../../../server/database/embedded.ts';
import { openDataDir } from '../../../server/platform/config/dataDir.ts';

// A separate process that holds a data folder until it is killed. On SIGTERM it stops cleanly.
const dataDir = await openDataDir(process.argv[2] ?? '');
try {
  const embedded = await startEmbeddedPostgres({ dataDir, log: pino({ level: 'silent' }) });
  process.on('SIGTERM', () => void embedded.stop().then(() => process.exit(0)));
  setInterval(() => undefined, 60_000);
  process.stdout.write(`${embedded.url}\n`);
} catch (error) {
  process.stdout.write(`refused: ${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
}
