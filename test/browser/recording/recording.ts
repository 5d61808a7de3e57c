import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BrowserContext } from 'playwright-core';
import { build, type Rolldown } from 'vite';
import { type Manifest, manifestOf, mergeManifests, type Notes } from '../../../client/recorder/index.ts';

export const manifestFile = fileURLToPath(new URL('../../../docs/consumers/playground.json', import.meta.url));
export const readManifest = (): Manifest | undefined =>
  existsSync(manifestFile) ? JSON.parse(readFileSync(manifestFile, 'utf8')) : undefined;

let script: Promise<string> | undefined;

/** The script of `page.ts`. It never folds its notes, so it does not contain the contract. */
async function buildScript(): Promise<string> {
  const { output } = (await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      lib: { entry: fileURLToPath(new URL('page.ts', import.meta.url)), formats: ['iife'], name: 'recording' },
      rolldownOptions: { external: [/contract\/index\.ts$/, 'zod'] },
    },
  }).then((built) => (Array.isArray(built) ? built[0] : built))) as Rolldown.RolldownOutput;
  return output[0].code;
}

/**
 * Records what the pages of a context use. `finish` adds it to the manifest in recording mode
 * (`npm run record:consumers`), and otherwise returns what the manifest does not have. `forget` starts anew.
 */
export async function recordPages(context: BrowserContext): Promise<{ finish(): Promise<string[]>; forget(): void }> {
  script ??= buildScript();
  // Each call has all notes of a page so far; a page that is loaded again starts with none.
  const pages = new Map<string, Notes>();
  await context.exposeBinding('arkloopNotes', (_, page: string, notes: string) => void pages.set(page, JSON.parse(notes) as Notes));
  await context.addInitScript({ content: await script });
  return {
    async finish() {
      // A page that is about to load another keeps its notes for that one.
      await Promise.allSettled(context.pages().map((page) => page.evaluate('globalThis.arkloopRecorder?.sendNotes()')));
      const [first, ...more] = await Promise.all([...pages.values()].map((notes) => manifestOf('playground', notes)));
      if (!first) return [];
      const recorded = mergeManifests([first, ...more]);
      const known = readManifest();
      if (!process.env.RECORD_CONSUMERS) return known ? differences(recorded, known) : ['everything'];
      writeFileSync(manifestFile, `${JSON.stringify(known ? mergeManifests([known, recorded]) : recorded, null, 2)}\n`);
      return [];
    },
    forget: () => pages.clear(),
  };
}

/** What the manifest does not have. Errors, and types of events that it does not know, depend on the time and are left out. */
function differences(recorded: Manifest, known: Manifest): string[] {
  return Object.entries(recorded.operations).flatMap(([id, used]) => {
    const before = known.operations[id];
    if (!before) return [id];
    const missing = (what: string, names: readonly string[], from: readonly string[] = []) =>
      names.filter((name) => !from.includes(name)).map((name) => `${id} ${what} ${name}`);
    return [
      ...missing('query', used.query, before.query),
      ...missing('body', used.body, before.body),
      ...Object.entries(used.responses).flatMap(([status, { reads, events }]) =>
        Number(status) >= 400
          ? []
          : [
              ...missing(status, reads, before.responses[status]?.reads),
              ...Object.entries(events).flatMap(([type, paths]) => {
                const known = before.responses[status]?.events[type];
                return known ? missing(`${status} ${type}`, paths, known) : [];
              }),
            ],
      ),
    ];
  });
}
