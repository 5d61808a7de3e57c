import { setPriority } from 'node:os';
import { Agent, setGlobalDispatcher } from 'undici';
import { startModel } from '../model.ts';
import { registerTenant } from '../tenant.ts';
import { noises } from './noises.ts';

/* The process of a neighbour: its clients and its model server. From another address than those of the tenant that is measured, and at the lowest priority:
   its own work stands for that of other machines. Prints a line when its noise begins, and at the end the number of answers by status. */

const [, , name = '', url = '', databaseUrl = '', adminToken = ''] = process.argv;
setPriority(19);
if (process.platform === 'linux')
  setGlobalDispatcher(new Agent({ connect: { localAddress: '127.0.0.2' }, connections: null, headersTimeout: 0, bodyTimeout: 0 }));

const end = new AbortController();
const model = await startModel((_, res) => void res.writeHead(500).end());
const tenant = await registerTenant(url, model.url, adminToken, 'noisy');
process.once('SIGTERM', () => end.abort());
const noise = noises[name];
if (!noise) throw new Error(`there is no noise ${name}`);
const onBegin = () => void process.stdout.write('noisy\n');
const statuses = new Map<number, number>();
const noisy = noise({ url, databaseUrl, modelUrl: model.url, tenant, signal: end.signal, statuses, onBegin });
end.signal.addEventListener('abort', () => {
  process.stdout.write(`${JSON.stringify(Object.fromEntries(statuses))}\n`, () => process.exit());
});
await noisy;
