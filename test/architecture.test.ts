import { readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { migrations } from '../server/db/migrations/index.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const rooms = ['contract', 'server', 'client', 'docs', 'test'];
const generated = ['client/generated/', 'docs/openapi', 'package-lock.json'];

const filesIn = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\/(node_modules|dist)\//.test(`${entry.parentPath}/`))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const isGenerated = (file: string) => generated.some((start) => file.startsWith(start));

const all = rooms.flatMap(filesIn).filter((file) => !isGenerated(file));
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

/** Each room may use the rooms before it. */
const roomOf = (file: string) => file.split('/', 1)[0]!;
const mayUse: Record<string, readonly string[]> = {
  contract: ['contract'],
  server: ['contract', 'server'],
  client: ['contract', 'client'],
  docs: ['contract', 'docs'],
  test: rooms,
};

/** What shows how the client is used, uses it. */
const isOfReader = (from: string, to: string) => from.startsWith('docs/playground/') && to.startsWith('client/');

/** The storeys of the server, lowest first. Wire formats of models know nothing of resources, so resources may use them. */
const storeys: [name: string, parts: string[]][] = [
  ['kernel', ['kernel/']],
  ['db', ['db/', 'storage/']],
  ['http', ['http/']],
  ['models', ['agent/model.ts', 'agent/cost.ts', 'agent/failure.ts', 'agent/personas.ts', 'agent/providers/', 'mail/']],
  ['resources', ['resources/']],
  ['work', ['agent/', 'jobs/']],
  ['processes', ['roles/', 'gateway/', 'metrics/']],
];
/** What lies in the server itself starts processes, or is one. */
const storeyOf = (file: string) =>
  /^server\/\w+\.ts$/.test(file)
    ? storeys.length - 1
    : storeys.findIndex(([, parts]) => parts.some((part) => file.startsWith(`server/${part}`)));

/** The entities are listed where the ORM is opened. */
const exceptions = ['server/db/entities.ts'];

test('rooms import one way: contract, then server, client and docs, then test', () => {
  const relativeOnes = imports.filter(({ to }) => rooms.includes(roomOf(to)) && /\.tsx?$/.test(to));
  // The documents of the configuration are made of its table.
  const wrong = relativeOnes.filter(
    ({ from, to }) => !mayUse[roomOf(from)]!.includes(roomOf(to)) && !to.startsWith('server/kernel/config') && !isOfReader(from, to),
  );
  expect(show(wrong)).toEqual([]);
});

test('the storeys of the server import downwards', () => {
  expect(sources.filter((file) => file.startsWith('server/') && storeyOf(file) < 0)).toEqual([]);
  const wrong = imports.filter(
    ({ from, to }) => from.startsWith('server/') && to.startsWith('server/') && storeyOf(to) > storeyOf(from) && !exceptions.includes(from),
  );
  expect(show(wrong)).toEqual([]);
});

test('no two storeys need each other', () => {
  const used = new Set(
    imports.filter(({ from }) => from.startsWith('server/agent/')).map(({ from, to }) => `${storeyOf(from)} ${storeyOf(to)}`),
  );
  expect(used.has(`${storeyOf('server/agent/model.ts')} ${storeyOf('server/resources/x')}`)).toBe(false);
});

describe('a browser can load', () => {
  const browserSafe = (file: string) => /^(contract|client)\//.test(file) && !/^client\/(chat|conformance|mocks\/standalone)\//.test(file);
  /** The core of the client needs none; an entry of its own may need what its users have. */
  const packages: [folder: string, names: string[]][] = [
    ['contract/', ['zod', '@ts-rest/core']],
    ['client/mocks/', ['zod', '@ts-rest/core', 'msw', 'zod-schema-faker/v4', '@faker-js/faker']],
    ['client/react/', ['react', '@tanstack/react-query']],
    ['client/', []],
  ];
  const packagesOf = (file: string) => packages.find(([folder]) => file.startsWith(folder))?.[1] ?? [];

  test('the contract and the client: nothing of Node, and few packages', () => {
    const foreign = imports.filter(({ from, to }) => browserSafe(from) && !rooms.includes(roomOf(to)));
    const wrong = foreign.filter(({ from, to }) => !packagesOf(from).includes(to));
    expect(show(wrong)).toEqual([]);
  });

  test('them without a process, a buffer or a folder', () => {
    const wrong = sources.filter(
      (file) => browserSafe(file) && /\b(process\.|Buffer\b|__dirname|import\.meta\.dirname|require\()/.test(read(file)),
    );
    expect(wrong).toEqual([]);
  });
});

test('requests to the outside leave through one door', () => {
  // The object store is the operator's, as the gateway's upstream is.
  const door = (file: string) => /^server\/(kernel\/(outbound|openOutbound)\w*\.ts|gateway\/|storage\/s3\.ts)/.test(file);
  const inside = sources.filter((file) => file.startsWith('server/') && !door(file));
  // The port is `outbound.fetch`; what follows a dot is somebody's method.
  const calls = inside.filter((file) =>
    /(?<![.\w])fetch\(|(?<!typeof )globalThis\.fetch|\bnew WebSocket\(|\bhttps?\.(request|get)\(/.test(read(file)),
  );
  const packagesOf = imports.filter(
    ({ from, to }) => inside.includes(from) && /^(undici|node:(https|http2|tls)|axios|got|node-fetch|ky)$/.test(to),
  );
  const requests = inside.filter((file) => /import \{[^}]*\b(request|get)\b[^}]*\} from 'node:https?'/.test(read(file)));
  expect([calls, show(packagesOf), requests]).toEqual([[], [], []]);
});

test('nothing is left for later, left out or left alone', () => {
  const marks = new RegExp(['TODO', 'FIXME', 'XXX', String.raw`\.only\(`, String.raw`\.skip\(`, 'skipIf', 'runIf'].join('|'));
  expect(all.filter((file) => file !== 'test/architecture.test.ts' && marks.test(read(file)))).toEqual([]);
});

const tables = ['server/db/migrations/Migration00001.ts', 'server/kernel/config/table.ts'];

test('a file has at most 250 lines', () => {
  const long = sources.map((file) => [file, read(file).split('\n').length - 1] as const).filter(([, lines]) => lines > 250);
  // Tables: they grow with what they describe, and are read line by line.
  expect(long.filter(([file]) => !tables.includes(file))).toEqual([]);
});

test('imports are relative and name their file', () => {
  const bare = sources.flatMap((from) =>
    [...read(from).matchAll(specifier)].map((match) => [from, match[1] ?? match[2] ?? match[3]] as const),
  );
  expect(bare.filter(([, to]) => to?.startsWith('.') && !/\.(tsx?|json|svg)$/.test(to))).toEqual([]);
});

test('no file tells where it was written', () => {
  const top = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name);
  const places = [root, `${homedir()}/`].filter((place) => place.split('/').length > 3 || place !== root);
  const wrong = [...rooms.flatMap(filesIn), ...top].filter(
    (file) => file !== 'test/architecture.test.ts' && places.some((place) => read(file).includes(place)),
  );
  expect(wrong).toEqual([]);
});

test('every migration is listed, in the order of the numbers', () => {
  const files = filesIn('server/db/migrations').flatMap((file) => /(Migration\d{5})\.ts$/.exec(file)?.[1] ?? []);
  expect(migrations.map(({ name }) => name)).toEqual(files.sort());
});
