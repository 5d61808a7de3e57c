import { readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { migrations } from '../../server/database/migrations/index.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const topFolders = ['contract', 'server', 'client', 'docs', 'test'];
const generated = ['client/generated/', 'docs/openapi', 'package-lock.json'];

const filesIn = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\/(node_modules|dist)\//.test(`${entry.parentPath}/`))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const isGenerated = (file: string) => generated.some((start) => file.startsWith(start));

const all = topFolders.flatMap(filesIn).filter((file) => !isGenerated(file));
const sources = all.filter((file) => /\.tsx?$/.test(file));

type Import = { from: string; to: string };
const specifier =
  /(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)import\s+['"]([^'"]+)['"]/g;
const imports: Import[] = sources.flatMap((from) =>
  [...read(from).matchAll(specifier)].map(([, a, b, c]) => {
    const text = (a ?? b ?? c)!;
    return { from, to: text.startsWith('.') ? normalize(join(dirname(from), text)) : text };
  }),
);
const show = (list: Import[]) => list.map(({ from, to }) => `${from} → ${to}`);

/** The top-level folders that each top-level folder may import. */
const topFolderOf = (file: string) => file.split('/', 1)[0]!;
const mayUse: Record<string, readonly string[]> = {
  contract: ['contract'],
  server: ['contract', 'server'],
  client: ['contract', 'client'],
  docs: ['contract', 'docs'],
  test: topFolders,
};

/** The playground uses the client. The check of breaking changes reads the manifests of consumers. */
const isOfReader = (from: string, to: string) =>
  (from.startsWith('docs/playground/') && to.startsWith('client/')) ||
  (from.startsWith('docs/breaking/') && /^client\/(recorder\/|conformance\/consumers\/manifestFiles\.ts)/.test(to));

/** The layers of the server, lowest first. Models do not import resources, so resources may import models. */
const layers: [name: string, parts: string[]][] = [
  ['platform', ['platform/']],
  ['database', ['database/', 'storage/', 'pubsub/']],
  ['http', ['http/']],
  ['models', ['models/', 'mail/']],
  ['resources', ['resources/', 'runs/create/', 'runs/follow/']],
  ['work', ['agent/', 'chatCompletions/', 'mcpServer/', 'runs/', 'jobs/']],
  ['processes', ['processes/', 'gateway/', 'metrics/']],
];
/** Files directly in server/ start processes and belong to the top layer. */
const layerOf = (file: string) =>
  /^server\/\w+\.ts$/.test(file)
    ? layers.length - 1
    : layers.findIndex(([, parts]) => parts.some((part) => file.startsWith(`server/${part}`)));

/** May import upwards: the list of all entities. */
const exceptions = ['server/database/entities.ts'];

test('top-level folders import one way: contract, then server, client and docs, then test', () => {
  const relativeOnes = imports.filter(({ to }) => topFolders.includes(topFolderOf(to)) && /\.tsx?$/.test(to));
  // docs/ generates the configuration reference from server/platform/config.
  const wrong = relativeOnes.filter(
    ({ from, to }) =>
      !mayUse[topFolderOf(from)]!.includes(topFolderOf(to)) && !to.startsWith('server/platform/config') && !isOfReader(from, to),
  );
  expect(show(wrong)).toEqual([]);
});

test('the layers of the server import only lower layers', () => {
  expect(sources.filter((file) => file.startsWith('server/') && layerOf(file) < 0)).toEqual([]);
  const wrong = imports.filter(
    ({ from, to }) => from.startsWith('server/') && to.startsWith('server/') && layerOf(to) > layerOf(from) && !exceptions.includes(from),
  );
  expect(show(wrong)).toEqual([]);
});

test('the picture in docs/architecture.md shows the layers of the server', () => {
  const rows = [...read('docs/architecture.md').matchAll(/^│ (\w+) +│ ([^│]+?) +│/gm)].map(([, name, folders]) => [
    name,
    folders!.split(' '),
  ]);
  expect(rows).toEqual(layers.toReversed());
});

test('models do not import resources or what is built on them', () => {
  const above = /^server\/(resources|agent|runs|jobs|processes)\//;
  const models = imports.filter(({ from }) => from.startsWith('server/models/'));
  expect(models.length).toBeGreaterThan(0);
  expect(show(models.filter(({ to }) => above.test(to)))).toEqual([]);
});

/** Folders with one file per migration, decision, resource or topic. They grow and are searched by name. */
const lists = ['contract', 'server/database/migrations', 'docs/decisions', 'docs/guides'];

test('no folder has more than fifteen files', () => {
  const folders = Object.entries(
    Object.groupBy(
      all.filter((file) => !file.startsWith('docs/examples/')),
      dirname,
    ),
  );
  const crowded = folders.filter(([folder, files]) => files!.length > 15 && !lists.includes(folder));
  expect(crowded.map(([folder, files]) => `${folder}: ${files!.length}`)).toEqual([]);
});

test('there are no import cycles, type imports included', () => {
  const from = new Map(Object.entries(Object.groupBy(imports, (each) => each.from)));
  const within = (file: string) => (from.get(file) ?? []).map(({ to }) => to).filter((to) => topFolders.includes(topFolderOf(to)));
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, path: readonly string[]) => {
    if (path.includes(file)) return void cycles.push([...path.slice(path.indexOf(file)), file].join(' → '));
    if (done.has(file)) return;
    for (const to of within(file)) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of sources) visit(file, []);
  expect(cycles).toEqual([]);
});

describe('browser-safe code', () => {
  const browserSafe = (file: string) => /^(contract|client)\//.test(file) && !/^client\/(chat|conformance|mocks\/standalone)\//.test(file);
  /** Allowed packages. The client core uses none; other entry points may use the packages of their users. */
  const packages: [folder: string, names: string[]][] = [
    ['contract/', ['zod']],
    ['client/mocks/', ['zod', 'msw', 'zod-schema-faker/v4', '@faker-js/faker']],
    ['client/recorder/', ['zod']],
    ['client/react/', ['react', '@tanstack/react-query']],
    ['client/ai-sdk/', ['ai']],
    ['client/assistant-ui/', ['react', '@assistant-ui/react']],
    ['client/', []],
  ];
  const packagesOf = (file: string) => packages.find(([folder]) => file.startsWith(folder))?.[1] ?? [];

  test('imports no Node.js modules and only allowed packages', () => {
    const foreign = imports.filter(({ from, to }) => browserSafe(from) && !topFolders.includes(topFolderOf(to)));
    const wrong = foreign.filter(({ from, to }) => !packagesOf(from).includes(to));
    expect(show(wrong)).toEqual([]);
  });

  test('uses no Node.js globals', () => {
    const wrong = sources.filter(
      (file) => browserSafe(file) && /\b(process\.|Buffer\b|__dirname|import\.meta\.dirname|require\()/.test(read(file)),
    );
    expect(wrong).toEqual([]);
  });
});

test('outbound requests are sent only by the outbound client', () => {
  // The operator configures the object store and the upstream of the gateway.
  const door = (file: string) => /^server\/(platform\/outbound\/|gateway\/|storage\/s3\.ts)/.test(file);
  const inside = sources.filter((file) => file.startsWith('server/') && !door(file));
  // `outbound.fetch` is allowed, so calls after a dot do not count.
  const calls = inside.filter((file) =>
    /(?<![.\w])fetch\(|(?<!typeof )globalThis\.fetch|\bnew WebSocket\(|\bhttps?\.(request|get)\(/.test(read(file)),
  );
  const packagesOf = imports.filter(
    ({ from, to }) => inside.includes(from) && /^(undici|node:(https|http2|tls)|axios|got|node-fetch|ky)$/.test(to),
  );
  const requests = inside.filter((file) => /import \{[^}]*\b(request|get)\b[^}]*\} from 'node:https?'/.test(read(file)));
  expect([calls, show(packagesOf), requests]).toEqual([[], [], []]);
});

/** Files that read the clock of their process, with the reason. Nothing in them deletes, expires or takes away access. */
const readTheirClock = {
  'server/database/connection/clock.ts': 'compares it with the clock of the database',
  'server/database/embedded/postmaster.ts': 'compares it with the time of a file on the same machine',
  'server/gateway/tls.ts': 'checks a certificate, as its clients do, also without a database',
  'server/metrics/otlp/registryProducer.ts': 'the time of metrics',
  'server/platform/databaseClock.ts': 'the clock of a process without a database',
  'server/platform/telemetry/log.ts': 'the time of a log line',
  'server/processes/databases.ts': 'compares it with the clock of the database',
};

test('the server decides by the clock of the database, and measures durations by a monotonic one', () => {
  const readers = sources.filter(
    (file) => file.startsWith('server/') && /\bDate\.now\b|\bnew Date\(\s*\)|(?<!new )\bDate\(/.test(read(file)),
  );
  expect(readers.sort()).toEqual(Object.keys(readTheirClock));
});

test('no file contains TODO marks or skipped or exclusive tests', () => {
  const marks = new RegExp(['TODO', 'FIXME', 'XXX', String.raw`\.only\(`, String.raw`\.skip\(`, 'skipIf', 'runIf'].join('|'));
  expect(all.filter((file) => file !== 'test/unit/architecture.test.ts' && marks.test(read(file)))).toEqual([]);
});

test('relative imports have a file extension', () => {
  const bare = sources.flatMap((from) =>
    [...read(from).matchAll(specifier)].map((match) => [from, match[1] ?? match[2] ?? match[3]] as const),
  );
  expect(bare.filter(([, to]) => to?.startsWith('.') && !/\.(tsx?|json|svg)$/.test(to))).toEqual([]);
});

test('no file contains a path of the development machine', () => {
  const top = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name);
  const places = [root, `${homedir()}/`].filter((place) => place.split('/').length > 3 || place !== root);
  const wrong = [...topFolders.flatMap(filesIn), ...top].filter(
    (file) => file !== 'test/unit/architecture.test.ts' && places.some((place) => read(file).includes(place)),
  );
  expect(wrong).toEqual([]);
});

test('every migration is listed, in numeric order', () => {
  const files = filesIn('server/database/migrations').flatMap((file) => /(Migration\d{5})\.ts$/.exec(file)?.[1] ?? []);
  expect(migrations.map(({ name }) => name)).toEqual(files.sort());
});

test('a test file that shares the API of its worker changes no settings and no flags of the platform', () => {
  const changes =
    /(update|delete from) (feature_flags|platform_settings)|insert into platform_settings|\/v1\/admin\/(platform-settings|gateway-config)/;
  const shared = all.filter(
    (file) => file.endsWith('.test.ts') && file !== 'test/unit/architecture.test.ts' && /\bsharedTestApp\(/.test(read(file)),
  );
  expect(shared.length).toBeGreaterThan(20);
  expect(shared.filter((file) => changes.test(read(file)))).toEqual([]);
});
