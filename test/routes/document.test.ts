import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { needsName } from '../../docs/openapi/compact/naming.ts';
import { inlineReferences } from '../support/document/inlineReferences.ts';

const read = (file: string) => readFileSync(new URL(`../../docs/${file}`, import.meta.url), 'utf8');
const plain = JSON.parse(read('openapi.json'));
const document = inlineReferences(plain);

type Media = { schema?: Schema; example?: unknown };
type Schema = {
  $ref?: string;
  type?: string;
  const?: unknown;
  enum?: unknown[];
  properties?: Record<string, Schema>;
  items?: Schema;
};
type Operation = {
  operationId: string;
  tags: string[];
  responses: Record<string, { description: string; headers: object; content?: Record<string, Media> }>;
  'x-alias-of'?: string;
};
const operations = Object.entries<Record<string, Operation>>(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => [`${method} ${path}`, operation] as const),
);
const operationOf = (id: string) => operations.find(([, { operationId }]) => operationId === id)![1];

/** All objects of a value, with their paths. */
function* objectsIn(value: unknown, path: string): Generator<[path: string, object: Record<string, unknown>]> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield [path, value as Record<string, unknown>];
  for (const [key, part] of Object.entries(value)) if (!key.startsWith('example')) yield* objectsIn(part, `${path}/${key}`);
}

test.each(['openapi.json', 'openapi-3.2.json'])('%s has at most 4.5 kB for each operation, and 460 bytes compressed', (file) => {
  const text = read(file);
  expect(text.length / operations.length).toBeLessThanOrEqual(4_500);
  expect(gzipSync(text, { level: 9 }).length / operations.length).toBeLessThanOrEqual(460);
});

test('errors and empty responses that are used several times are components', () => {
  const inline = Object.entries<Record<string, any>>(plain.paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, { responses }]) =>
      Object.entries<any>(responses).flatMap(([status, response]) =>
        response.$ref || (Number(status) < 400 && response.content) ? [] : [[`${method} ${path} ${status}`, response]],
      ),
    ),
  );
  const uses = Map.groupBy(inline, ([, { description, headers }]) => JSON.stringify([description, headers]));
  expect([...uses.values()].filter((places) => places.length > 2).map((places) => places.map(([place]) => place))).toEqual([]);
});

test('no part of a schema needs a name that a generator would have to invent', () => {
  const { schemas, parameters, responses } = plain.components;
  const places = { ...schemas, ...parameters, ...responses, ...plain.paths };
  const unnamed = Object.entries(places).flatMap(([place, value]) =>
    [...objectsIn(value, place)].filter(([path, object]) => !(path in schemas) && needsName(object)),
  );
  expect(unnamed.map(([path]) => path)).toEqual([]);
});

test('schemas, parameters and responses have different names, because generators make types of all of them', () => {
  const { schemas, parameters, responses } = plain.components;
  const names = [schemas, parameters, responses].flatMap((kind: object) => Object.keys(kind).map((name) => name.toLowerCase()));
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
});

test('the patterns are regular expressions of Python, Go and JavaScript', () => {
  const patterns = [...objectsIn(plain, '#')].flatMap(([path, { pattern }]) =>
    typeof pattern === 'string' ? [[path, pattern] as const] : [],
  );
  expect(patterns.length).toBeGreaterThan(50);
  // Unicode classes, named groups and lookbehind differ between the languages.
  expect(patterns.filter(([, pattern]) => /\\[pPk]|\(\?[<P]/.test(pattern))).toEqual([]);
  // Validation in Python begins at the start of the text (`re.match`), whatever the pattern says.
  expect(patterns.filter(([, pattern]) => !pattern.startsWith('^'))).toEqual([]);
  // openapi-generator does not know this escape, which only the source of a regular expression of JavaScript needs.
  expect(patterns.filter(([, pattern]) => pattern.includes(String.raw`\/`))).toEqual([]);
});

test('a bound that excludes its value is `exclusiveMinimum`, which generators write into their validation', () => {
  const bounds = [...objectsIn(plain, '#')].filter(([, { exclusiveMinimum }]) => typeof exclusiveMinimum === 'number');
  expect(bounds.length).toBeGreaterThan(0);
  const rewritten = [...objectsIn(plain, '#')].filter(
    ([, { minimum, not }]) => typeof minimum === 'number' && (not as { const?: unknown } | undefined)?.const === minimum,
  );
  expect(rewritten.map(([path]) => path)).toEqual([]);
});

test('a schema has one type, beside `null`, because oapi-codegen refuses others', () => {
  const types = [...objectsIn(plain, '#')].flatMap(([path, { type }]) => (Array.isArray(type) ? [[path, type] as const] : []));
  expect(types.length).toBeGreaterThan(0);
  expect(types.filter(([, several]) => several.filter((type) => type !== 'null').length > 1)).toEqual([]);
});

test('the contact has no relative URL, which openapi-generator refuses', () => {
  expect(plain.info.contact.url ?? 'https:').toMatch(/^https:/);
});

test('no schema has a type of its own under its own name, because generators give both the same name', () => {
  const snake = (name: string) => name.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '_').toLowerCase();
  const isType = (schema: Schema) => '$ref' in schema || 'const' in schema || 'enum' in schema;
  const same = Object.entries<Schema>(plain.components.schemas).filter(([name, { properties }]) => isType(properties?.[snake(name)] ?? {}));
  // These are older than the rule. The guide of the generated clients names the settings for them.
  expect(same.map(([name]) => name)).toEqual(['Ok', 'NextStep']);
});

test('no schema differs from the name of an operation only in its case, because Kubb names files after both', () => {
  const upper = (name: string) => name[0]!.toUpperCase() + name.slice(1);
  const names = new Map(Object.keys(plain.components.schemas).map((name) => [name.toLowerCase(), name]));
  const same = operations.flatMap(([, { operationId }]) => {
    const name = names.get(operationId.toLowerCase());
    return name === undefined || name === upper(operationId) ? [] : [name];
  });
  // It is older than the rule. The guide of the generated clients names the setting for it.
  expect(same).toEqual(['SecondFactorSetup']);
});

test('a union contains no list, because openapi-generator for Java does not compile it', () => {
  const unions = [...objectsIn(plain, '#')].flatMap(([path, { anyOf, oneOf }]) => {
    const options = (anyOf ?? oneOf ?? []) as Schema[];
    const several = options.filter(({ type }) => type !== 'null').length > 1;
    return several && options.some(({ type }) => type === 'array') ? [path] : [];
  });
  // The format of OpenAI. The guide of the generated clients names the setting for it.
  expect(unions.map((path) => path.split('/').at(-1))).toEqual(['ChatText', 'ChatUserContent', 'ChatStop']);
});

test('a constant that is an integer has this type, because generators make a floating-point number of others', () => {
  const constants = [...objectsIn(plain, '#')].filter(([, { type, const: value }]) => typeof type === 'string' && Number.isInteger(value));
  expect(constants.length).toBeGreaterThan(0);
  expect(constants.filter(([, { type }]) => type !== 'integer').map(([path]) => path)).toEqual([]);
});

test('no default is an object, because openapi-generator for Java makes an instance of an interface of it', () => {
  const presets = [...objectsIn(plain, '#')].filter(
    ([path, { default: preset }]) =>
      !path.endsWith('/properties') && typeof preset === 'object' && preset !== null && !Array.isArray(preset),
  );
  expect(presets.map(([path]) => path)).toEqual([]);
});

test('an alias is documented like its operation', () => {
  const aliases = operations.map(([, operation]) => operation).filter((operation) => 'x-alias-of' in operation);
  expect(aliases.length).toBeGreaterThan(0);
  for (const { operationId, description: _, summary: __, 'x-alias-of': of, ...alias } of aliases as any[]) {
    expect(operationId).toBe(`${of}Alias`);
    expect(operationOf(of)).toMatchObject(alias);
  }
});

test('the example of the event stream is an event as it is sent', () => {
  const { responses } = operationOf('runsEvents');
  const [, id, type, data] = /^id: (\d+)\nevent: (\S+)\ndata: (.+)\n\n$/.exec(
    String(responses['200']!.content!['text/event-stream']!.example),
  )!;
  expect(JSON.parse(data!)).toMatchObject({ seq: Number(id), type });
  expect(responses['204']!.description).toContain('has ended');
});

test('the errors of the gateway document its headers', () => {
  const { responses } = operationOf('threadsList');
  expect(Object.keys(responses['4XX']!.headers)).toEqual(expect.arrayContaining(['Retry-After', 'RateLimit', 'RateLimit-Policy']));
  expect(Object.keys(responses['5XX']!.headers)).toContain('RateLimit');
});

test('threads, messages and runs come first, and webhooks have a tag of their own', () => {
  expect(document.tags.map(({ name }: { name: string }) => name).slice(0, 3)).toEqual(['threads', 'messages', 'runs']);
  const tagged = operations.flatMap(([, { tags }]) => tags);
  const ofWebhooks = Object.values<{ post: Operation }>(document.webhooks).flatMap(({ post }) => post.tags);
  expect(ofWebhooks.filter((tag) => tagged.includes(tag))).toEqual([]);
});

/** Lists from before the rule, by the property with their rows. Do not add to this table. */
const olderLists: Record<string, readonly string[]> = {
  data: ['accessLogList', 'auditLogsList', 'notificationsList'],
  groups: ['toolProvidersList'],
  items: ['workspacesFiles'],
  models: ['llmProvidersAvailableModels'],
  transactions: ['creditsMine', 'creditsOfAccount'],
};

/** Lists whose format is that of another API. */
const foreignLists = ['chatModelsList', 'erasuresKeys'];

/** One resource, although its path does not end in a parameter. */
const singleResources = ['gatewayConfigGet'];

test('a new list is an array, with its cursor in the headers', () => {
  const found: Record<string, string[]> = {};
  const resolve = (schema: Schema = {}): Schema =>
    schema.$ref ? resolve(document.components.schemas[schema.$ref.split('/').at(-1)!]) : schema;
  const isObject = (schema: Schema) => 'properties' in schema || 'oneOf' in schema || 'anyOf' in schema;
  for (const [place, { operationId, responses, 'x-alias-of': alias }] of operations) {
    // What ends in a parameter is one resource.
    if (alias || !/^get .*[^}]$/.test(place) || [...foreignLists, ...singleResources].includes(operationId)) continue;
    const { properties = {} } = resolve(responses['200']?.content?.['application/json']?.schema);
    const rows = Object.entries(properties).filter(([, { type, items }]) => type === 'array' && isObject(resolve(items)));
    for (const [name] of rows) (found[name] ??= []).push(operationId);
  }
  for (const ids of Object.values(found)) ids.sort();
  expect(found).toEqual(olderLists);
});
