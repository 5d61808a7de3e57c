import { examplesOf, type Operation, type Parameter, type Schema } from './document.ts';

export type Language = 'ts' | 'sh' | 'python';

export const languages: readonly { language: Language; title: string }[] = [
  { language: 'ts', title: '@arkloop/client' },
  { language: 'sh', title: 'curl' },
  { language: 'python', title: 'Python' },
];

/** The address in samples, guides and the OpenAPI document. It is replaced by the base URL when they are served. */
export const documentedUrl = 'http://localhost:19000';

type Resolve = (schema: Schema) => Schema;
type Values = Readonly<Record<string, unknown>>;

/** A longer object or array has a line for each part. The column of the samples holds about 56 characters. */
const shortLine = 40;

/** What the samples of an operation have in common. */
type Sample = {
  operation: Operation;
  params: Values;
  query: Values;
  /** Undefined if there is no body, or if it may be omitted and its example is empty. */
  body: unknown;
  kind: 'json' | 'form' | 'list' | 'stream' | 'file' | 'empty';
};

export function samplesOf(operation: Operation, resolve: Resolve): Record<Language, string> {
  const valuesOf = (place: Parameter['in']): Values =>
    Object.fromEntries(
      operation.parameters
        .filter((parameter) => parameter.in === place && parameter.required === true)
        .map(({ name, schema }, at) => [name, exampleOf(name, resolve(schema), at + 1)]),
    );
  const { body } = operation;
  const example = body && examplesOf(body)[0]?.[1];
  const isEmpty = JSON.stringify(example) === '{}';
  const sample: Sample = {
    operation,
    params: valuesOf('path'),
    query: valuesOf('query'),
    body: body && !(isEmpty && !body.required) ? (example ?? {}) : undefined,
    kind: kindOf(operation, resolve),
  };
  return { ts: typescript(sample), sh: curl(sample), python: python(sample) };
}

function kindOf({ body, responses }: Operation, resolve: Resolve): Sample['kind'] {
  const success = Object.entries(responses).find(([status]) => /^2\d\d$/.test(status))?.[1];
  const types = Object.keys(success?.content ?? {});
  if (types.includes('text/event-stream')) return 'stream';
  if (body?.type === 'multipart/form-data') return 'form';
  if (types.some((type) => type !== 'application/json')) return 'file';
  if (types.length === 0) return 'empty';
  // The client iterates over lists that are arrays.
  const isArray = resolve(success?.content?.['application/json']?.schema ?? {}).type === 'array';
  return isArray && success?.headers?.['X-Next-Cursor'] ? 'list' : 'json';
}

/** A value of a parameter: the examples of the document have none. */
function exampleOf(name: string, schema: Schema, at: number): unknown {
  if (schema.enum) return schema.enum[0];
  if (schema.type === 'integer' || schema.type === 'number') return schema.minimum ?? 1;
  if (schema.format === 'uuid') return `0198c2f4-7a10-7c3e-8d5b-${String(at).padStart(12, '0')}`;
  if (schema.format === 'date') return name === 'end' ? '2026-01-31' : '2026-01-01';
  if (schema.format === 'date-time') return '2026-01-15T12:00:00Z';
  return exampleWords[name] ?? name;
}

const exampleWords: Readonly<Record<string, string>> = {
  q: 'invoice',
  path: '/report.md',
  key: 'beta',
  group: 'web_search',
  provider: 'tavily',
};

const hasBody = ({ body }: Sample) => body !== undefined;

/** A key works where it is allowed: it does not expire in minutes. */
const variableOf = ({ credential }: Operation) => (credential === 'token or key' ? 'ARKLOOP_API_KEY' : 'ARKLOOP_ACCESS_TOKEN');

function urlOf({ operation, params, query }: Sample): string {
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(params[name])));
  const search = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)])).toString();
  return documentedUrl + path + (search && `?${search}`);
}

function typescript(sample: Sample): string {
  const { operation, params, query, body, kind } = sample;
  const { credential, call } = operation;
  const isStream = kind === 'stream';
  const parts = [
    ...(Object.keys(params).length > 0 ? [`params: ${literal(params)}`] : []),
    ...(Object.keys(query).length > 0 ? [`query: ${literal(query)}`] : []),
    ...(kind === 'form' ? ['body: { file }'] : hasBody(sample) ? [`body: ${literal(body)}`] : []),
  ];
  const oneLine = parts.length === 0 ? '' : `{ ${parts.join(', ')} }`;
  const isShort = oneLine.length <= 20 && !oneLine.includes('\n');
  const argument = isShort ? oneLine : `{\n${parts.map((part) => `  ${part.replaceAll('\n', '\n  ')},\n`).join('')}}`;
  const key = credential === 'token or key' ? ['  apiKey: process.env.ARKLOOP_API_KEY,'] : [];
  const lines = [
    `import { createClient } from '@arkloop/client';`,
    ...(kind === 'form' ? [`import { openAsBlob } from 'node:fs';`] : []),
    '',
    'const client = createClient({',
    `  baseUrl: '${documentedUrl}',`,
    ...key,
    '});',
    ...(credential === 'token' ? ['client.session.accessToken = process.env.ARKLOOP_ACCESS_TOKEN;'] : []),
    ...(kind === 'form' ? [`const name = '${fileName(operation)}';`, 'const file = new File([await openAsBlob(name)], name);'] : []),
    '',
  ];
  if (isStream) {
    lines.push(
      `const runId = ${quote(String(params.run_id))};`,
      'for await (const event of client.runs.stream(runId)) {',
      `  if (event.type !== 'message.delta') continue;`,
      '  process.stdout.write(event.data.content);',
      '}',
    );
  } else if (kind === 'list') {
    lines.push(`for await (const item of client.${call}(${argument})) {`, '  console.log(item);', '}');
  } else if (kind === 'empty') {
    lines.push(`await client.${call}(${argument});`);
  } else {
    lines.push(`const result = await client.${call}(${argument});`, `console.log(result);`);
  }
  return lines.join('\n');
}

const fileName = ({ id }: Operation) => (id === 'asrTranscribe' ? 'recording.wav' : 'photo.png');

const quote = (text: string) => (/['\\\n]/.test(text) ? JSON.stringify(text) : `'${text}'`);

/** A value as an expression of TypeScript, on one line if it is short. */
function literal(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const isArray = Array.isArray(value);
  const items = isArray ? value.map(literal) : Object.entries(value).map(([name, item]) => `${property(name)}: ${literal(item)}`);
  const [open, close] = isArray ? ['[', ']'] : ['{ ', ' }'];
  if (items.length === 0) return isArray ? '[]' : '{}';
  const line = open + items.join(', ') + close;
  if (line.length <= shortLine && !line.includes('\n')) return line;
  return `${open.trim()}\n${items.map((item) => `  ${item.replaceAll('\n', '\n  ')},\n`).join('')}${close.trim()}`;
}

const property = (name: string) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : quote(name));

function curl(sample: Sample): string {
  const { operation, body, kind } = sample;
  const { method, credential } = operation;
  const isPlain = method === 'GET' || (method === 'POST' && (hasBody(sample) || kind === 'form'));
  const options = [
    ...(credential === 'none' ? [] : [`-H "Authorization: Bearer $${variableOf(operation)}"`]),
    ...cookieOptions(operation),
    ...(kind === 'form' ? [`-F "file=@${fileName(operation)}"`] : []),
    ...(kind !== 'form' && hasBody(sample)
      ? [`-H 'Content-Type: application/json'`, `-d '${JSON.stringify(body, null, 2).replaceAll("'", String.raw`'\''`)}'`]
      : []),
    ...(kind === 'file' ? ['-o file'] : []),
  ];
  const start = ['curl', ...(kind === 'stream' ? ['-N'] : []), ...(isPlain ? [] : ['-X', method]), `'${urlOf(sample)}'`].join(' ');
  return [start, ...options].join(' \\\n  ');
}

/** The refresh token is a cookie, which curl keeps in a file. */
function cookieOptions({ id, responses }: Operation): string[] {
  const sets = Object.values(responses).some(({ headers }) => headers?.['Set-Cookie']);
  return [...(id === 'authRefresh' ? ['-b cookies.txt'] : []), ...(sets ? ['-c cookies.txt'] : [])];
}

function python(sample: Sample): string {
  const { operation, body, kind } = sample;
  const { credential, id } = operation;
  const method = operation.method.toLowerCase();
  // `httpx.delete` takes no body.
  const call = method === 'delete' && hasBody(sample) ? ['request', '"DELETE"'] : [method];
  const url = JSON.stringify(urlOf(sample));
  const shared = [
    ...(credential === 'none' ? [] : ['headers={"Authorization": f"Bearer {token}"},']),
    ...(id === 'authRefresh' ? ['cookies={"arkloop_refresh_token": os.environ["REFRESH_TOKEN"]},'] : []),
    ...(kind === 'form' ? [`files={"file": open("${fileName(operation)}", "rb")},`] : []),
    ...(kind !== 'form' && hasBody(sample) ? [`json=${pythonLiteral(body)},`] : []),
  ];
  const needsToken = credential !== 'none';
  const imports = [
    ...(needsToken || id === 'authRefresh' ? ['import os', ''] : []),
    'import httpx',
    '',
    ...(needsToken ? [`token = os.environ["${variableOf(operation)}"]`] : []),
  ];
  const indent = (lines: readonly string[], by: string) => lines.map((line) => by + line.replaceAll('\n', `\n${by}`));
  if (kind === 'stream') {
    const opening = ['with httpx.stream(', ...indent([`"GET",`, `${url},`, ...shared, 'timeout=None,'], '    '), ') as response:'];
    return [
      ...imports,
      ...opening,
      '    response.raise_for_status()',
      '    for line in response.iter_lines():',
      '        print(line)',
    ].join('\n');
  }
  const [name, ...first] = call;
  const asked = [
    'response = httpx.',
    name,
    '(\n',
    ...indent([...first.map((each) => `${each},`), `${url},`, ...shared], '    ').flatMap((line) => [line, '\n']),
    ')',
  ].join('');
  const outcomes = { file: ['open("file", "wb").write(response.content)'], empty: [], json: ['print(response.json())'] };
  const shown = kind === 'file' || kind === 'empty' ? outcomes[kind] : outcomes.json;
  return [...imports, asked, 'response.raise_for_status()', ...shown].join('\n');
}

function pythonLiteral(value: unknown): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value !== 'object') return JSON.stringify(value);
  const isArray = Array.isArray(value);
  const items = isArray
    ? value.map(pythonLiteral)
    : Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}: ${pythonLiteral(item)}`);
  const [open, close] = isArray ? ['[', ']'] : ['{', '}'];
  const line = open + items.join(', ') + close;
  if (line.length <= shortLine && !line.includes('\n')) return line;
  return `${open}\n${items.map((item) => `    ${item.replaceAll('\n', '\n    ')},\n`).join('')}${close}`;
}
