import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Where `npm run playground` finds an API that runs already. */
const api = process.env.ARKLOOP_PLAYGROUND_API ?? 'http://127.0.0.1:19001';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [react()],
  // Files are named by their content: everything but index.html may be kept for ever.
  build: { target: 'es2023', assetsInlineLimit: 0, chunkSizeWarningLimit: 400, reportCompressedSize: false },
  server: {
    host: '127.0.0.1',
    // The API lets pages of its own origin sign in.
    proxy: { '^/(v1|docs|openapi.json)': { target: api, changeOrigin: true, headers: { origin: api } } },
  },
});
