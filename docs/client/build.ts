// Builds the published client: `npm run build`.
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { markConstantsPure } from './pureConstants.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Writes `dist` and the changelog into the folder of the package. Throws an Error with the compiler's messages. */
export async function buildClient(folder: string) {
  const dist = join(folder, 'dist');
  rmSync(dist, { recursive: true, force: true });
  const tsc = join(root, 'node_modules/typescript-native/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', join(root, 'client/tsconfig.json'), '--outDir', dist], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`The client does not build:\n${stdout}`);
  for (const map of globSync('**/*.map', { cwd: dist })) {
    if (isMapped(map)) shipSource(dist, map);
    else dropMap(dist, map);
  }
  for (const module of globSync('contract/**/*.js', { cwd: dist })) {
    const file = join(dist, module);
    writeFileSync(file, markConstantsPure(file, readFileSync(file, 'utf8')));
  }
  await bundleKit(dist);
  cpSync(join(root, 'CHANGELOG.md'), join(folder, 'CHANGELOG.md'));
}

/** Bundles the conformance kit with its packages into one file, because the client has no dependencies that npm would install for `npx`. */
const bundleKit = (dist: string) =>
  build({
    root: join(root, 'client'),
    configFile: false,
    logLevel: 'warn',
    ssr: { noExternal: true },
    build: {
      outDir: dist,
      emptyOutDir: false,
      target: 'node20',
      minify: true,
      ssr: join(root, 'client/conformance/bin.ts'),
      rolldownOptions: { output: { entryFileNames: 'client/conformance/bin.js', codeSplitting: false } },
    },
  });

/**
 * Code that applications debug has maps. Generated files, the mocks and the contract have none: the JavaScript of the contract is its source without the
 * types, and its maps and sources alone would be 90 kB of the package.
 */
const isMapped = (map: string) => /^client\/(index|core|react|run|testing)\b/.test(map);

function dropMap(dist: string, map: string) {
  const file = join(dist, map.slice(0, -'.map'.length));
  const code = readFileSync(file, 'utf8');
  // The reference is the last line.
  writeFileSync(file, code.slice(0, code.lastIndexOf('\n//# sourceMappingURL=') + 1));
  rmSync(join(dist, map));
}

/** Copies the source of a map into `dist/src`, because it must be in the package, and points the map there. */
function shipSource(dist: string, map: string) {
  const file = join(dist, map);
  const content = JSON.parse(readFileSync(file, 'utf8')) as { sources: string[] };
  content.sources = content.sources.map((source) => {
    const original = resolve(dirname(file), source);
    const copy = join(dist, 'src', relative(root, original));
    mkdirSync(dirname(copy), { recursive: true });
    cpSync(original, copy);
    return relative(dirname(file), copy);
  });
  writeFileSync(file, JSON.stringify(content));
}

if (import.meta.main) await buildClient(join(root, 'client'));
