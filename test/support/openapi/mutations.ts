/** A document for the comparison of releases, and changes of it. Used by the tests of the check and by its comparison with oasdiff. */

type Json = { [key: string]: any };
export type Document = { info: { version: string }; paths: Json; components: { schemas: Json } & Json };

/** The parts that a test case may change. */
type Parts = {
  path: Json;
  paths: Json;
  name: string;
  thread: Json;
  newThread: Json;
  /** The schema of the event stream. */
  events: Json;
  started: Json;
  /** The response of the list, which refers to a component. */
  listed: Json;
};
export type Mutation = (parts: Parts) => unknown;

const json = (schema: object) => ({ description: 'x', content: { 'application/json': { schema } } });
const eventOf = (type: string) => ({
  type: 'object',
  properties: { type: { type: 'string', const: type }, seq: { type: 'integer' } },
  required: ['type', 'seq'],
});

/** The operations of one test case. Like real resources they use shared models, unions, requests and responses. */
const resource = (name: string): Json => ({
  [`/v1/${name}`]: {
    get: {
      operationId: `${name}List`,
      parameters: [
        { name: 'limit', in: 'query', schema: { type: 'integer', default: 50 } },
        { name: 'order', in: 'query', schema: { type: 'string', enum: ['up', 'down'] } },
      ],
      security: [{ token: [] }, { key: [] }],
      'x-permission': 'data.threads.read',
      responses: {
        200: {
          ...json({ type: 'array', items: { $ref: `#/components/schemas/${name}Thread` } }),
          headers: { Link: { schema: { type: 'string' } } },
        },
        404: { ...json({ type: 'object' }), description: '`not_found`: Not found. Reasons: `absent`, `hidden`.' },
      },
    },
    post: {
      operationId: `${name}Create`,
      requestBody: { required: false, ...json({ $ref: `#/components/schemas/${name}NewThread` }) },
      responses: { 201: json({ $ref: `#/components/schemas/${name}Thread` }) },
    },
    put: {
      operationId: `${name}Follow`,
      responses: { 200: { description: 'x', content: { 'text/event-stream': { schema: { $ref: `#/components/schemas/${name}Event` } } } } },
    },
    delete: {
      operationId: `${name}Delete`,
      deprecated: true,
      'x-sunset': '2099-07-01',
      responses: { 204: { description: 'x' } },
    },
  },
});

const models = (name: string): Json => ({
  [`${name}Thread`]: {
    type: 'object',
    properties: {
      id: { type: 'string' },
      title: { type: ['string', 'null'] },
      status: { type: 'string', enum: ['open', 'closed'] },
      count: { type: 'integer', minimum: 0 },
    },
    required: ['id', 'title', 'status', 'count'],
  },
  [`${name}NewThread`]: {
    type: 'object',
    properties: {
      title: { type: 'string', maxLength: 200 },
      mode: { type: 'string', enum: ['a', 'b'], default: 'a' },
      notes: { type: 'object' },
      old: { type: 'string', deprecated: true, 'x-sunset': '2099-07-01' },
    },
    additionalProperties: false,
  },
  [`${name}Started`]: eventOf('started'),
  [`${name}Ended`]: eventOf('ended'),
  [`${name}Paused`]: eventOf('paused'),
  [`${name}Event`]: {
    oneOf: [{ $ref: `#/components/schemas/${name}Started` }, { $ref: `#/components/schemas/${name}Ended` }],
    discriminator: {
      propertyName: 'type',
      mapping: { started: `#/components/schemas/${name}Started`, ended: `#/components/schemas/${name}Ended` },
    },
  },
});

export const documentOf = (names: readonly string[]): Document => ({
  ...({ openapi: '3.1.0' } as object),
  info: { title: 'A', version: '1.2.3' } as { version: string },
  paths: Object.assign({}, ...names.map(resource)) as Json,
  components: {
    securitySchemes: { token: { type: 'http', scheme: 'bearer' }, key: { type: 'apiKey', in: 'header', name: 'x' } },
    schemas: Object.assign({}, ...names.map(models)) as Json,
  },
});

/** The document of `names`, with the mutation of each. */
export function mutatedDocument(names: readonly string[], mutations: readonly Mutation[]): Document {
  const document = documentOf(names);
  for (const [at, name] of names.entries()) {
    const { schemas } = document.components;
    mutations[at]!({
      path: document.paths[`/v1/${name}`],
      paths: document.paths,
      name,
      thread: schemas[`${name}Thread`],
      newThread: schemas[`${name}NewThread`],
      events: schemas[`${name}Event`],
      started: schemas[`${name}Started`],
      listed: document.paths[`/v1/${name}`].get.responses[200],
    });
  }
  return document;
}

const parameter = { name: 'q', in: 'query', schema: { type: 'string' } };
const pause = ({ events, name }: Parts) => {
  events.oneOf.push({ $ref: `#/components/schemas/${name}Paused` });
  events.discriminator.mapping.paused = `#/components/schemas/${name}Paused`;
};
const removeEvent = ({ events }: Parts) => {
  events.oneOf.pop();
  delete events.discriminator.mapping.ended;
};

/** Changes that break clients, with the rule that must name each. */
export const breaks: readonly (readonly [title: string, mutation: Mutation, rule: string])[] = [
  ['a removed operation', ({ path }) => delete path.get, 'operation-removed'],
  ['a changed operation id', ({ path }) => Object.assign(path.get, { operationId: 'all' }), 'operation-id-changed'],
  ['a new required parameter', ({ path }) => path.get.parameters.push({ ...parameter, required: true }), 'parameter-became-required'],
  ['a removed parameter', ({ path }) => path.get.parameters.pop(), 'parameter-removed'],
  [
    'a request field that becomes required',
    ({ newThread }) => Object.assign(newThread, { required: ['mode'] }),
    'required-properties-added',
  ],
  ['a removed request field', ({ newThread }) => delete newThread.properties.mode, 'property-removed'],
  ['a body that becomes required', ({ path }) => Object.assign(path.post.requestBody, { required: true }), 'request-body-became-required'],
  ['a removed enum value in a request', ({ newThread }) => newThread.properties.mode.enum.pop(), 'enum-values-removed'],
  ['a narrower bound', ({ newThread }) => Object.assign(newThread.properties.title, { maxLength: 10 }), 'schema-constraint-changed'],
  ['a removed response field', ({ thread }) => delete thread.properties.title, 'property-removed'],
  ['a response field that becomes optional', ({ thread }) => thread.required.pop(), 'required-properties-removed'],
  [
    'a response field that becomes nullable',
    ({ thread }) => Object.assign(thread.properties.id, { type: ['string', 'null'] }),
    'schema-type-changed',
  ],
  ['a changed type', ({ thread }) => Object.assign(thread.properties.id, { type: 'integer' }), 'schema-type-changed'],
  ['a changed status', ({ path }) => Object.assign(path.post, { responses: { 200: path.post.responses[201] } }), 'response-removed'],
  ['a removed security scheme', ({ path }) => path.get.security.pop(), 'security-requirement-changed'],
  [
    'a request that rejects additional properties',
    ({ newThread }) => Object.assign(newThread.properties.notes, { additionalProperties: false }),
    'additional-properties-refused',
  ],
  ['a changed default of a parameter', ({ path }) => Object.assign(path.get.parameters[0].schema, { default: 20 }), 'default-changed'],
  ['a removed default of a parameter', ({ path }) => delete path.get.parameters[0].schema.default, 'default-changed'],
  [
    'a changed default of a request field',
    ({ newThread }) => Object.assign(newThread.properties.mode, { default: 'b' }),
    'default-changed',
  ],
  ['a removed event type', removeEvent, 'variant-removed'],
  ['a removed field of an event', ({ started }) => delete started.properties.seq, 'property-removed'],
  ['a changed event type', ({ started }) => Object.assign(started.properties.type, { const: 'begun' }), 'schema-constraint-changed'],
  ['a wider number in a response', ({ thread }) => Object.assign(thread.properties.count, { type: 'number' }), 'schema-type-changed'],
  ['a wider bound in a response', ({ thread }) => delete thread.properties.count.minimum, 'schema-constraint-changed'],
  ['a removed response header', ({ listed }) => delete listed.headers.Link, 'response-header-removed'],
  [
    'a changed media type of a response',
    ({ listed }) => Object.assign(listed, { content: { 'application/xml': listed.content['application/json'] } }),
    'media-type-removed',
  ],
  [
    'a removed reason of an error',
    ({ path }) => Object.assign(path.get.responses[404], { description: 'Reasons: `absent`.' }),
    'reason-removed',
  ],
  ['a removed operation before its sunset', ({ path }) => delete path.delete, 'operation-removed'],
  ['a removed field before its sunset', ({ newThread }) => delete newThread.properties.old, 'property-removed'],
];

/** Changes after which correct clients keep working: what is announced, and the next version. */
export const harmless: readonly (readonly [title: string, mutation: Mutation, announced: readonly string[], version: string])[] = [
  ['a new enum value in a response', ({ thread }) => thread.properties.status.enum.push('locked'), ['enum-values-added'], '1.3.0'],
  ['a new event type', pause, ['schema-combinator-changed'], '1.3.0'],
  ['a changed permission', ({ path }) => Object.assign(path.get, { 'x-permission': 'data.all' }), ['permission-changed'], '1.3.0'],
  ['nothing', () => {}, [], '1.2.3'],
  ['a new operation', ({ path }) => Object.assign(path, { patch: { operationId: 'more', responses: path.get.responses } }), [], '1.3.0'],
  ['a new optional parameter', ({ path }) => path.get.parameters.push(parameter), [], '1.3.0'],
  ['a new request field', ({ newThread }) => Object.assign(newThread.properties, { more: { type: 'string' } }), [], '1.3.0'],
  ['a new response field', ({ thread }) => Object.assign(thread.properties, { more: { type: 'string' } }), [], '1.3.0'],
  ['a new enum value in a request', ({ newThread }) => newThread.properties.mode.enum.push('c'), [], '1.3.0'],
  ['a new response header', ({ listed }) => Object.assign(listed.headers, { More: { schema: { type: 'string' } } }), [], '1.3.0'],
  [
    'a new reason of an error',
    ({ path }) => Object.assign(path.get.responses[404], { description: 'Reasons: `absent`, `hidden`, `more`.' }),
    [],
    '1.3.0',
  ],
  ['a deprecated operation', ({ path }) => Object.assign(path.get, { deprecated: true }), ['deprecated'], '1.3.0'],
  ['a wider bound', ({ newThread }) => Object.assign(newThread.properties.title, { maxLength: 300 }), [], '1.2.4'],
  ['a documented default', ({ path }) => Object.assign(path.get.parameters[1].schema, { default: 'up' }), [], '1.2.4'],
  ['a response field that is no longer nullable', ({ thread }) => Object.assign(thread.properties.title, { type: 'string' }), [], '1.2.4'],
  ['a removed enum value in a response', ({ thread }) => thread.properties.status.enum.pop(), ['enum-values-removed'], '1.3.0'],
  ['a changed description', ({ path }) => Object.assign(path.get, { summary: 'More words' }), [], '1.2.4'],
];
