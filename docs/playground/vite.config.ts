import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** URL of the running API that `npm run playground` proxies. */
const api = process.env.ARKLOOP_PLAYGROUND_API ?? 'http://127.0.0.1:19001';

/** KaTeX lists each font in three formats. Every supported browser reads WOFF2. */
const onlyWoff2: Plugin = {
  name: 'only-woff2',
  enforce: 'pre',
  transform: (code, id) => (id.includes('katex.min.css') ? code.replace(/,url\([^(),]+\.(?:woff|ttf)\) format\("\w+"\)/g, '') : undefined),
};

const modality = fileURLToPath(new URL('src/ui/internal/modality.tsx', import.meta.url));

const jsxRuntime = fileURLToPath(new URL('src/ui/internal/jsxRuntime.ts', import.meta.url));

/** All elements, also those of packages, are made by functions that make text harmless. */
const harmlessText: Plugin = {
  name: 'harmless-text',
  apply: 'build',
  enforce: 'pre',
  resolveId: (id, importer) => (id === 'react/jsx-runtime' && importer !== jsxRuntime ? jsxRuntime : undefined),
};

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [react(), onlyWoff2, harmlessText],
  // The worker loads its grammars when they are needed.
  worker: { format: 'es' },
  resolve: { alias: { 'react-remove-scroll': modality, 'aria-hidden': modality } },
  // File names contain a content hash: everything except index.html can be cached forever.
  build: {
    target: 'es2023',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 400,
    reportCompressedSize: false,
    // Fonts have fixed names, so that the pages of the documentation can load the same files.
    rolldownOptions: {
      output: {
        assetFileNames: ({ names }) => (names[0]?.endsWith('.woff2') ? 'assets/[name][extname]' : 'assets/[name]-[hash][extname]'),
      },
    },
  },
  server: {
    host: '127.0.0.1',
    // The API lets pages of its own origin sign in.
    proxy: { '^/(v1|docs|frame|openapi.json)': { target: api, changeOrigin: true, headers: { origin: api } } },
  },
});
