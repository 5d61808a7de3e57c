import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Page } from 'playwright-core';
import { build, preview, type Rolldown } from 'vite';
import { afterAll, onTestFinished } from 'vitest';
import { fileOf, guideAppSources, root, snippetsOf } from '../guides/snippets.ts';
import { freePort } from '../support/app/ports.ts';

const apps = guideAppSources;
export type GuideApp = keyof typeof apps;
const guideApps = Object.keys(apps) as GuideApp[];
/** Those that contain everything that a chat needs. */
export const chatApps = ['react', 'ai-sdk', 'assistant-ui'] as const satisfies GuideApp[];

const entries = ['ai-sdk', 'assistant-ui', 'react'];

/** Saves the files that a guide has for one folder. */
function saveGuideApp([guide, within]: readonly [guide: string, within: string], folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const snippet of snippetsOf(guide)) {
    const file = fileOf(snippet);
    if (file !== undefined && dirname(file) === within) writeFileSync(join(folder, basename(file)), snippet.text);
  }
}

/** Bundles the applications as they are in the guides, with the sources of the client. */
export async function bundleGuideApps() {
  mkdirSync(join(root, '.cache'), { recursive: true });
  const folder = mkdtempSync(join(root, '.cache/guide-apps-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, sources] of Object.entries(apps)) for (const source of sources) saveGuideApp(source, join(folder, name));
  const built = await build({
    configFile: false,
    logLevel: 'silent',
    root: folder,
    // React's strict mode only does its additional checks in development.
    mode: 'development',
    define: { 'process.env.NODE_ENV': '"development"', 'import.meta.env.VITE_API': 'globalThis.VITE_API' },
    oxc: { jsx: { runtime: 'automatic' } },
    resolve: {
      alias: [
        ...entries.map((entry) => ({ find: `@arkloop/client/${entry}`, replacement: join(root, `client/${entry}/index.ts`) })),
        { find: '@arkloop/client', replacement: join(root, 'client/index.ts') },
      ],
    },
    build: {
      write: false,
      minify: false,
      target: 'esnext',
      rolldownOptions: {
        input: Object.fromEntries(guideApps.map((name) => [name, join(folder, name, 'main.tsx')])),
        output: { entryFileNames: '[name].js', chunkFileNames: '[name].js' },
      },
    },
  });
  const { output } = built as Rolldown.RolldownOutput;
  const scripts = new Map(output.flatMap((chunk) => (chunk.type === 'chunk' ? [[chunk.fileName, chunk.code] as const] : [])));

  const pageOf = (app: GuideApp, base: string) =>
    `<!doctype html><link rel="icon" href="data:,"><div id="root"></div><script type="module" src="${base}/${app}.js"></script>`;

  return {
    /** Opens an application at the origin of an API, without a server of its own. */
    async openApp(page: Page, app: GuideApp, origin: string, threadId?: string): Promise<void> {
      await page.route(`${origin}/guides/**`, (route) => {
        const code = scripts.get(basename(new URL(route.request().url()).pathname));
        if (code !== undefined) return route.fulfill({ contentType: 'text/javascript', body: code });
        return route.fulfill({ contentType: 'text/html', body: pageOf(app, '/guides') });
      });
      await page.goto(`${origin}/guides/${app}${threadId ? `?thread=${threadId}` : ''}`);
    },
    /** Serves an application with Vite, as the `vite.config.ts` of the React guide says, before an API. Returns the origin. */
    async serveApp(app: GuideApp, apiUrl: string): Promise<string> {
      const place = join(folder, `served-${app}`);
      saveGuideApp(['docs/guides/react.md', '.'], place);
      const configFile = join(place, 'vite.config.ts');
      writeFileSync(configFile, readFileSync(configFile, 'utf8').replace('http://localhost:19000', apiUrl));
      mkdirSync(join(place, 'dist'), { recursive: true });
      for (const [file, code] of scripts) writeFileSync(join(place, 'dist', file), code);
      writeFileSync(join(place, 'dist/index.html'), pageOf(app, ''));
      const server = await preview({ root: place, configFile, logLevel: 'silent', preview: { host: '127.0.0.1', port: await freePort() } });
      onTestFinished(() => server.close());
      return server.resolvedUrls!.local[0]!.replace(/\/$/, '');
    },
  };
}
