import { OptionError, readOptions, usage } from './options.ts';
import { startMockServer } from './server.ts';

const demo = { login: 'demo', password: 'Passw0rd-1', isAdmin: true };

async function main(args: string[]) {
  const { port, seed, stepMs, credits, allowedOrigins, help } = readOptions(args);
  if (help) return void process.stdout.write(usage);
  const server = await startMockServer(port, { seed, stepMs, credits, allowedOrigins, people: [demo] }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') throw new OptionError(`Port ${port} is in use: choose another with --port.`);
      if (error.code === 'EACCES') throw new OptionError(`Port ${port} may not be used: choose another with --port.`);
      throw error;
    },
  );
  process.stdout.write(
    `The mock answers at ${server.address}\nSign in as ${demo.login} with ${demo.password}, or register. Ctrl-C ends it.\n`,
  );
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.close());
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(error instanceof OptionError ? `${error.message}\n` : `${(error as Error).stack}\n`);
  process.exitCode = 1;
});
