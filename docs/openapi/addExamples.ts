import type {
  ExampleObject,
  MediaTypeObject,
  OpenAPIObject,
  OperationObject,
  ParameterObject,
  ReferenceObject,
  ResponseObject,
} from 'openapi3-ts/oas31';
import { type Contract, isMultipart, jsonOrStreamOf, type Route } from '../../contract/shared/route.ts';
import type { Example, Examples } from './examples.ts';
import { operationsIn } from './operation.ts';

type Named = Record<string, ExampleObject | ReferenceObject>;

/** Adds the recorded examples to a document: to each operation its own, and to the components those shared by several operations. */
export function addExamples(plain: OpenAPIObject, contract: Contract, examples: Examples): OpenAPIObject {
  // Copies objects that are used in several places, so that each place can get its own examples.
  const document = JSON.parse(JSON.stringify(plain)) as OpenAPIObject;
  const shared = Object.entries({ ...examples.sharedErrors, ...outagesOf(examples) });
  if (shared.length === 0) return document;
  document.components!.examples = Object.fromEntries(shared.map(([name, { body }]) => [name, { value: body }]));
  document.components!.examples[general] = { value: examples.of('threads', 'create')?.answers['400']?.find(isGeneral) };
  for (const { area, verb, route, operation } of operationsIn(document, contract))
    addOperationExamples(operation, route, examples.of(area, verb) ?? { answers: {} }, examples);
  addSharedErrorExamples(document, examples);
  addWebhookExamples(document, examples);
  return document;
}

function addOperationExamples(operation: OperationObject, route: Route, example: Example, examples: Examples) {
  for (const parameter of (operation.parameters ?? []) as ParameterObject[]) {
    const value = { ...example.params, ...example.query }[parameter.name];
    if (value !== undefined) parameter.example = parseParameter(parameter, value);
  }
  const { requestBody, responses } = operation;
  if (requestBody && 'content' in requestBody)
    for (const media of Object.values(requestBody.content)) {
      if (isMultipart(route)) media.example = { file: '(the bytes of the file)' };
      else if (example.body !== undefined) media.example = example.body;
    }
  for (const [status, response] of Object.entries(responses ?? {}) as [string, ResponseObject][])
    for (const [type, media] of Object.entries(response.content ?? {})) {
      // The recorded answers are JSON.
      if (type === 'text/event-stream' && jsonOrStreamOf(route)) continue;
      const answers = example.answers[status] ?? [];
      addResponseExamples(media, route, status, type === 'text/event-stream' ? answers.map(sentEvent) : answers, examples);
    }
}

/** An event as it is sent. */
const sentEvent = (event: unknown) => {
  const { seq, type } = event as { seq: number; type: string };
  return `id: ${seq}\nevent: ${type}\ndata: ${JSON.stringify(event)}\n\n`;
};

function addResponseExamples(media: MediaTypeObject, { responses }: Route, status: string, answers: unknown[], examples: Examples) {
  if (Object.hasOwn(responses, status)) {
    if (answers.length > 0) media.example = withoutSimilarRows(answers[0]);
    return;
  }
  const shown =
    answers.length > 0 ? answers : Object.keys(outagesOf(examples)).filter((name) => examples.outages[name]!.status === Number(status));
  if (shown.length > 0) media.examples = Object.assign({}, ...shown.map((answer) => errorExample(answer, examples)));
}

/** Keeps one row of each list for each set of fields. More rows with the same fields show a reader nothing new. */
function withoutSimilarRows(value: unknown): unknown {
  if (Array.isArray(value)) {
    const fields = value.map((row) => (typeof row === 'object' && row !== null ? Object.keys(row).join() : undefined));
    return value.filter((_, at) => fields[at] === undefined || fields.indexOf(fields[at]) === at).map(withoutSimilarRows);
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, withoutSimilarRows(part)]));
}

/** An error example, named by its reason. */
function errorExample(answer: unknown, { sharedErrors, outages }: Examples): Named {
  if (typeof answer === 'string' && (sharedErrors[answer] || outages[answer])) return { [answer]: refer(answer) };
  const { error, details } = answer as { error: string; details: { reason?: string } };
  if (error === general && !details.reason) return { [general]: refer(general) };
  return { [details.reason ?? error]: { value: answer } };
}

/** A 400 without a reason only names the value that is invalid, so one example is enough. */
const general = 'validation.error';

const isGeneral = (answer: unknown) => (answer as { error?: string; details?: { reason?: string } }).details?.reason === undefined;

const refer = (name: string): ReferenceObject => ({ $ref: `#/components/examples/${name}` });
const outagesOf = ({ outages }: Examples) => outages;

/** Converts the text of a parameter to its type. */
function parseParameter({ schema }: ParameterObject, text: string): unknown {
  const type = schema && 'type' in schema ? schema.type : undefined;
  return type === 'integer' || type === 'number' ? Number(text) : type === 'boolean' ? text === 'true' : text;
}

function addSharedErrorExamples({ components }: OpenAPIObject, { outages }: Examples) {
  const { EarlyError } = components!.responses as Record<string, ResponseObject>;
  const early = Object.keys(outages).filter((name) => outages[name]!.status < 500);
  for (const media of Object.values(EarlyError?.content ?? {}))
    media.examples = Object.fromEntries(early.map((name) => [name, refer(name)]));
}

function addWebhookExamples({ webhooks = {} }: OpenAPIObject, examples: Examples) {
  for (const [type, item] of Object.entries(webhooks)) {
    const { requestBody } = ('post' in item && item.post) || {};
    const media = requestBody && 'content' in requestBody ? Object.values(requestBody.content) : [];
    for (const each of media) if (type in examples.webhooks) each.example = examples.webhooks[type];
  }
}
