import type {
  ExampleObject,
  MediaTypeObject,
  OpenAPIObject,
  OperationObject,
  ParameterObject,
  ReferenceObject,
  ResponseObject,
} from 'openapi3-ts/oas31';
import { openApiPath } from '../contract/shared/path.ts';
import { type Contract, isForm, type Route } from '../contract/shared/route.ts';
import type { Example, Examples } from './examples.ts';

type Named = Record<string, ExampleObject | ReferenceObject>;

/** Puts the recorded examples into a document: into each operation its own, among the components those that many share. */
export function illustrate(plain: OpenAPIObject, contract: Contract, examples: Examples): OpenAPIObject {
  // Parts that are one object in several places must be able to differ.
  const document = JSON.parse(JSON.stringify(plain)) as OpenAPIObject;
  const shared = Object.entries({ ...examples.refusals, ...faultsOf(examples) });
  if (shared.length === 0) return document;
  document.components!.examples = Object.fromEntries(shared.map(([name, { body }]) => [name, { value: body }]));
  for (const [area, resource] of Object.entries(contract))
    for (const [verb, route] of Object.entries(resource)) {
      const item = document.paths![openApiPath(route.path)]!;
      const operation = item[route.method.toLowerCase() as 'get']!;
      illustrateOperation(operation, route, examples.of(area, verb) ?? { answers: {} }, examples);
    }
  illustrateOutside(document, examples);
  illustrateWebhooks(document, examples);
  return document;
}

function illustrateOperation(operation: OperationObject, route: Route, example: Example, examples: Examples) {
  for (const parameter of (operation.parameters ?? []) as ParameterObject[]) {
    const value = { ...example.params, ...example.query }[parameter.name];
    if (value !== undefined) parameter.example = typed(parameter, value);
  }
  const { requestBody, responses } = operation;
  if (requestBody && 'content' in requestBody)
    for (const media of Object.values(requestBody.content)) {
      if (isForm(route)) media.example = { file: '(the bytes of the file)' };
      else if (example.body !== undefined) media.example = example.body;
    }
  for (const [status, response] of Object.entries(responses ?? {}) as [string, ResponseObject][])
    for (const media of Object.values(response.content ?? {}))
      illustrateAnswer(media, route, status, example.answers[status] ?? [], examples);
}

function illustrateAnswer(media: MediaTypeObject, { responses }: Route, status: string, answers: unknown[], examples: Examples) {
  if (Object.hasOwn(responses, status)) {
    if (answers.length > 0) media.example = answers[0];
    return;
  }
  const shown =
    answers.length > 0 ? answers : Object.keys(faultsOf(examples)).filter((name) => examples.faults[name]!.status === Number(status));
  if (shown.length > 0) media.examples = Object.assign({}, ...shown.map((answer) => refusalExample(answer, examples)));
}

/** A refusal under its reason. */
function refusalExample(answer: unknown, { refusals, faults }: Examples): Named {
  if (typeof answer === 'string' && (refusals[answer] || faults[answer])) return { [answer]: refer(answer) };
  const { error, details } = answer as { error: string; details: { reason?: string } };
  return { [details.reason ?? error]: { value: answer } };
}

const refer = (name: string): ReferenceObject => ({ $ref: `#/components/examples/${name}` });
const faultsOf = ({ faults }: Examples) => faults;

/** A parameter as the program has it, not as the text in the address. */
function typed({ schema }: ParameterObject, text: string): unknown {
  const type = schema && 'type' in schema ? schema.type : undefined;
  return type === 'integer' || type === 'number' ? Number(text) : type === 'boolean' ? text === 'true' : text;
}

function illustrateOutside({ components }: OpenAPIObject, { faults }: Examples) {
  const { RefusedOutside } = components!.responses as Record<string, ResponseObject>;
  const early = Object.keys(faults).filter((name) => faults[name]!.status < 500);
  for (const media of Object.values(RefusedOutside?.content ?? {}))
    media.examples = Object.fromEntries(early.map((name) => [name, refer(name)]));
}

function illustrateWebhooks({ webhooks = {} }: OpenAPIObject, examples: Examples) {
  for (const [type, item] of Object.entries(webhooks)) {
    const { requestBody } = ('post' in item && item.post) || {};
    const media = requestBody && 'content' in requestBody ? Object.values(requestBody.content) : [];
    for (const each of media) if (type in examples.webhooks) each.example = examples.webhooks[type];
  }
}
