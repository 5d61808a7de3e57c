/** A JSON Schema, or a reference to one. */
export type Schema = {
  $ref?: string;
  type?: string | string[];
  description?: string;
  format?: string;
  properties?: Readonly<Record<string, Schema>>;
  required?: readonly string[];
  items?: Schema;
  additionalProperties?: boolean | Schema;
  anyOf?: readonly Schema[];
  oneOf?: readonly Schema[];
  allOf?: readonly Schema[];
  enum?: readonly unknown[];
  const?: unknown;
  default?: unknown;
  deprecated?: boolean;
} & Readonly<Record<string, unknown>>;

export type Parameter = {
  name: string;
  in: 'path' | 'query' | 'header' | 'cookie';
  required?: boolean;
  description?: string;
  deprecated?: boolean;
  schema: Schema;
};

type Example = { value?: unknown; serializedValue?: unknown };
export type Media = { schema: Schema; example?: unknown; examples?: Readonly<Record<string, Example>> };

export type Response = {
  description: string;
  headers?: Readonly<Record<string, { description?: string; schema?: Schema }>>;
  content?: Readonly<Record<string, Media>>;
};

type RequestBody = { required?: boolean; content: Readonly<Record<string, Media>> };

type RawOperation = {
  operationId: string;
  tags: readonly string[];
  summary: string;
  description: string;
  externalDocs?: { url: string };
  deprecated?: boolean;
  security: readonly Readonly<Record<string, unknown>>[];
  parameters: readonly Parameter[];
  requestBody?: RequestBody;
  responses: Readonly<Record<string, Response>>;
  'x-alias-of'?: string;
  'x-audit-action'?: string;
};

type Credential = 'none' | 'token' | 'token or key';

export type Operation = Pick<RawOperation, 'summary' | 'description' | 'deprecated' | 'parameters' | 'responses'> & {
  id: string;
  method: string;
  path: string;
  /** A second path of the same operation. */
  alias: string | undefined;
  /** The call of the typed client: `runs.create`. Undefined for a webhook, which the server sends. */
  call: string | undefined;
  guide: string | undefined;
  credential: Credential;
  auditAction: string | undefined;
  body: (Media & { type: string; required: boolean }) | undefined;
};

/** The operations with one tag, which share a page. */
export type Area = { tag: string; title: string; description: string; guide: string | undefined; path: string; operations: Operation[] };

export type Reference = {
  info: { title: string; version: string; description: string };
  groups: { title: string; areas: Area[] }[];
  /** Follows a reference to a shared component. */
  resolve(schema: Schema): Schema;
};

type Item = Readonly<Record<string, RawOperation>>;
export type Document = {
  info: Reference['info'];
  tags: readonly { name: string; description?: string; externalDocs?: { url: string }; 'x-displayName'?: string }[];
  paths: Readonly<Record<string, Item>>;
  webhooks?: Readonly<Record<string, Item>>;
  components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
};

/** The first area of each group, in the order of the document. */
const groupTitles: Readonly<Record<string, string>> = {
  threads: 'Conversations',
  auth: 'Users and accounts',
  projects: 'Content',
  notifications: 'Notifications and credits',
  llmProviders: 'Models and tools',
  webhookEndpoints: 'Integration and security',
  dashboard: 'Administration',
  health: 'Operation',
};

export const areaPath = (tag: string): string => `/docs/reference/${tag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

export const operationPath = (area: Area, { id }: Operation): string => `${area.path}#${id}`;

export function readReference(document: Document): Reference {
  const resolve = <Part>(part: Part): Part => {
    const { $ref } = part as { $ref?: string };
    if ($ref === undefined) return part;
    const [, , kind = '', name = ''] = $ref.split('/');
    const target = document.components[kind]?.[name];
    if (target === undefined) throw new Error(`The OpenAPI document has no ${$ref}.`);
    return resolve(target as Part);
  };
  const areas = new Map<string, Area>();
  for (const { name, description = '', externalDocs, 'x-displayName': title = name } of document.tags)
    areas.set(name, { tag: name, title, description, guide: externalDocs?.url, path: areaPath(name), operations: [] });

  const items = [...Object.entries(document.paths), ...Object.entries(document.webhooks ?? {})];
  const raw = items.flatMap(([path, item]) => Object.entries(item).map(([method, operation]) => ({ path, method, operation })));
  const aliases = new Map(raw.flatMap(({ path, operation }) => (operation['x-alias-of'] ? [[operation['x-alias-of'], path]] : [])));
  for (const { path, method, operation } of raw) {
    if (operation['x-alias-of'] !== undefined) continue;
    const { operationId: id, requestBody, security, externalDocs, parameters, responses, summary, description } = operation;
    const tag = operation.tags[0]!;
    const verb = id.slice(tag.length);
    const [type, media] = Object.entries(requestBody?.content ?? {})[0] ?? [];
    areas.get(tag)!.operations.push({
      id,
      method: method.toUpperCase(),
      path,
      summary,
      description,
      ...(operation.deprecated && { deprecated: true }),
      alias: aliases.get(id),
      call: path.startsWith('/') ? `${tag}.${verb[0]!.toLowerCase()}${verb.slice(1)}` : undefined,
      guide: externalDocs?.url,
      credential: security.length === 0 ? 'none' : security.length === 1 ? 'token' : 'token or key',
      auditAction: operation['x-audit-action'],
      parameters: parameters.map(resolve),
      body: type === undefined || media === undefined ? undefined : { ...media, type, required: requestBody?.required === true },
      responses: Object.fromEntries(
        Object.entries(responses).map(([status, response]) => [status, resolvedResponse(resolve(response), resolve)]),
      ),
    });
  }
  return { info: document.info, groups: groupsOf([...areas.values()]), resolve };
}

function resolvedResponse(response: Response, resolve: <Part>(part: Part) => Part): Response {
  const { headers = {}, content = {} } = response;
  const each = <Part>(parts: Readonly<Record<string, Part>>, change: (part: Part) => Part) =>
    Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, change(part)]));
  return {
    ...response,
    headers: each(headers, resolve),
    content: each(content, (media) => ({ ...media, ...(media.examples && { examples: each(media.examples, resolve) }) })),
  };
}

function groupsOf(areas: readonly Area[]): Reference['groups'] {
  const groups: Reference['groups'] = [];
  for (const area of areas) {
    const title = groupTitles[area.tag];
    if (title !== undefined || groups.length === 0) groups.push({ title: title ?? 'Operations', areas: [] });
    groups.at(-1)!.areas.push(area);
  }
  return groups;
}

export const areasOf = ({ groups }: Pick<Reference, 'groups'>): Area[] => groups.flatMap(({ areas }) => areas);

/** Examples of a body, by name. An only example has the name `example`. */
export function examplesOf({ example, examples }: Media): [name: string, value: unknown][] {
  if (examples) return Object.entries(examples).map(([name, { value, serializedValue }]) => [name, value ?? serializedValue]);
  return example === undefined ? [] : [['example', example]];
}
