import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** URL of the running API that `npm run playground` proxies. */
const api = process.env.ARKLOOP_PLAYGROUND_API ?? 'http://127.0.0.1:19001';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [react()],
  // File names contain a content hash: everything except index.html can be cached forever.
  build: { target: 'es2023', assetsInlineLimit: 0, chunkSizeWarningLimit: 400, reportCompressedSize: false },
  server: {
    host: '127.0.0.1',
    // The API lets pages of its own origin sign in.
    proxy: { '^/(v1|docs|openapi.json)': { target: api, changeOrigin: true, headers: { origin: api } } },
  },
});
