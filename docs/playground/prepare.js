// Builds the playground if its sources are newer than the last build. Plain JavaScript, because npm runs it after every install, possibly with an
// older Node when development packages are omitted. Errors never fail the install: the API works without the playground.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = new URL('.', import.meta.url);
const root = new URL('../../', here);
const built = fileURLToPath(new URL('dist', here));
const sources = [
  'docs/playground/src/',
  'docs/brand/',
  'docs/playground/index.html',
  'docs/playground/vite.config.ts',
  'client/',
  'contract/shared/',
  'contract/titles.ts',
];

/** Latest modification time of files and folders. A deletion changes the time of its folder. */
function newest(path) {
  const { mtimeMs } = statSync(path);
  if (!path.pathname.endsWith('/')) return mtimeMs;
  const inside = readdirSync(path, { withFileTypes: true }).filter(({ name }) => !['dist', 'node_modules'].includes(name));
  return Math.max(mtimeMs, ...inside.map((entry) => newest(new URL(entry.name + (entry.isDirectory() ? '/' : ''), path))));
}

const isCurrent = () => {
  const page = new URL('dist/index.html', here);
  return existsSync(page) && sources.every((path) => newest(new URL(path, root)) < statSync(page).mtimeMs);
};

/** Builds into a temporary folder and renames it, so that a server that starts meanwhile finds a complete build. */
async function build() {
  // Packages include development warnings unless NODE_ENV is `production`.
  process.env.NODE_ENV = 'production';
  const { build } = await import('vite');
  const cache = fileURLToPath(new URL('.cache/', root));
  const fresh = `${cache}playground-${process.pid}`;
  mkdirSync(cache, { recursive: true });
  await build({
    configFile: fileURLToPath(new URL('vite.config.ts', here)),
    logLevel: 'error',
    build: { outDir: fresh, emptyOutDir: true },
  });
  if (existsSync(built)) renameSync(built, `${fresh}-old`);
  renameSync(fresh, built);
  rmSync(`${fresh}-old`, { recursive: true, force: true });
}

try {
  if (!isCurrent()) await build();
} catch (error) {
  const absent = error?.code === 'ERR_MODULE_NOT_FOUND' || error?.code === 'ERR_UNSUPPORTED_NODE_VERSION';
  const why = absent ? 'development packages are not installed' : error instanceof Error ? error.message : String(error);
  process.stderr.write(`arkloop: the playground was not built (${why}); the API serves a plain page instead\n`);
}
