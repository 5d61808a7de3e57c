import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type Plugin } from 'vite';

const root = fileURLToPath(new URL('../../../', import.meta.url));
/** Within `node_modules`, because packages with binaries are not bundled. At a fixed address, so that the compile cache serves the next run too. */
const bundle = join(root, 'node_modules/.cache/server-bundle');

/** Modules keep the addresses of their sources, by which they find the files beside them. Of the programs that the server starts, only API processes are bundled. */
const keepAddresses: Plugin = {
  name: 'keep-addresses',
  enforce: 'pre',
  transform: {
    filter: { code: /\bimport\.meta\.(url|dirname|filename)\b|\b__(dirname|filename)\b/ },
    handler(code, id) {
      const [url, folder, file] = [pathToFileURL(id).href, dirname(id), id].map((each) => JSON.stringify(each));
      return code
        .replace(`'./apiProcess.ts', import.meta.url`, `'apiProcess.js', ${JSON.stringify(pathToFileURL(`${bundle}/`).href)}`)
        .replaceAll('import.meta.url', url!)
        .replaceAll(/\bimport\.meta\.dirname\b|(?<![.\w])__dirname\b/g, folder!)
        .replaceAll(/\bimport\.meta\.filename\b|(?<![.\w])__filename\b/g, file!);
    },
  },
};

/**
 * With `TEST_BUNDLE`, bundles the server for the processes that tests start, and puts its entry into `TEST_SERVER_ENTRY`: loading 1 500 modules takes
 * half of the processor time of a start.
 */
export default async function setup() {
  if (!process.env.TEST_BUNDLE) return;
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    plugins: [keepAddresses],
    ssr: { noExternal: true, external: ['@node-rs/argon2', '@node-rs/bcrypt', 'piscina', 'typescript'] },
    build: {
      outDir: bundle,
      emptyOutDir: false,
      ssr: true,
      minify: false,
      target: 'node24',
      rolldownOptions: {
        input: ['server/main.ts', 'server/processes/cluster/apiProcess.ts'].map((file) => join(root, file)),
        output: { keepNames: true, entryFileNames: '[name].js', chunkFileNames: '[name].js' },
      },
    },
  });
  process.env.TEST_SERVER_ENTRY = join(bundle, 'main.js');
}
