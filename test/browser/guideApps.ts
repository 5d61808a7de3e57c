import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Page } from 'playwright-core';
import { build, type Rolldown } from 'vite';
import { afterAll } from 'vitest';
import { fileOf, root, snippetsOf } from '../guides/snippets.ts';

/** The applications in the guides: the guide, and the folder of their files. */
const apps = {
  react: ['docs/guides/react.md', '.'],
  'ai-sdk': ['docs/guides/chat-front-ends.md', 'ai-sdk'],
  'assistant-ui': ['docs/guides/chat-front-ends.md', 'assistant-ui'],
} as const;
export type GuideApp = keyof typeof apps;
export const guideApps = Object.keys(apps) as GuideApp[];

const entries = ['ai-sdk', 'assistant-ui', 'react'];

/** Bundles the applications as they are in the guides, with the sources of the client. Returns a function that opens one at the origin of an API. */
export async function bundleGuideApps() {
  mkdirSync(join(root, '.cache'), { recursive: true });
  const folder = mkdtempSync(join(root, '.cache/guide-apps-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, [guide, within]] of Object.entries(apps)) {
    const files = snippetsOf(guide).flatMap((snippet) => [[fileOf(snippet), snippet.text] as const]);
    for (const [file, text] of files) {
      if (file === undefined || dirname(file) !== within) continue;
      mkdirSync(join(folder, name), { recursive: true });
      writeFileSync(join(folder, name, basename(file)), text);
    }
  }
  const built = await build({
    configFile: false,
    logLevel: 'silent',
    root: folder,
    // React's strict mode only does its additional checks in development.
    mode: 'development',
    define: { 'process.env.NODE_ENV': '"development"' },
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

  return async (page: Page, app: GuideApp, origin: string, threadId?: string) => {
    await page.route(`${origin}/guides/**`, (route) => {
      const file = basename(new URL(route.request().url()).pathname);
      const code = scripts.get(file);
      if (code !== undefined) return route.fulfill({ contentType: 'text/javascript', body: code });
      const html = `<!doctype html><link rel="icon" href="data:,"><div id="root"></div><script type="module" src="/guides/${app}.js"></script>`;
      return route.fulfill({ contentType: 'text/html', body: html });
    });
    await page.goto(`${origin}/guides/${app}${threadId ? `?thread=${threadId}` : ''}`);
  };
}
