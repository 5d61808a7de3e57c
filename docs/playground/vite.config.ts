import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** URL of the running API that `npm run playground` proxies. */
const api = process.env.ARKLOOP_PLAYGROUND_API ?? 'http://127.0.0.1:19001';

/** KaTeX lists each font in three formats. Every supported browser reads WOFF2. */
const onlyWoff2: Plugin = {
  name: 'only-woff2',
  enforce: 'pre',
  transform: (code, id) => (id.includes('katex.min.css') ? code.replace(/,url\([^)]+\.(?:woff|ttf)\) format\("\w+"\)/g, '') : undefined),
};

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [react(), onlyWoff2],
  // The worker loads its grammars when they are needed.
  worker: { format: 'es' },
  // File names contain a content hash: everything except index.html can be cached forever.
  build: { target: 'es2023', assetsInlineLimit: 0, chunkSizeWarningLimit: 400, reportCompressedSize: false },
  server: {
    host: '127.0.0.1',
    // The API lets pages of its own origin sign in.
    proxy: { '^/(v1|docs|frame|openapi.json)': { target: api, changeOrigin: true, headers: { origin: api } } },
  },
});
