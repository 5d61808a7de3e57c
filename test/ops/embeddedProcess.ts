import { pino } from 'pino';
import { startEmbedded } from '../../server/db/embedded.ts';
import { openDataDir } from '../../server/kernel/dataDir.ts';

// A process of its own that holds a data folder until it is killed, or stops properly on SIGTERM.
const dataDir = await openDataDir(process.argv[2] ?? '');
try {
  const embedded = await startEmbedded({ dataDir, log: pino({ level: 'silent' }) });
  process.on('SIGTERM', () => void embedded.stop().then(() => process.exit(0)));
  setInterval(() => undefined, 60_000);
  process.stdout.write(`${embedded.url}\n`);
} catch (error) {
  process.stdout.write(`refused: ${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
}
