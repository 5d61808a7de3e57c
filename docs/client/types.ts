import { describeDeprecation } from '../../contract/deprecation.ts';
import { OpenAiProblem, Problem } from '../../contract/shared/errors.ts';
import { paramNames } from '../../contract/shared/path.ts';
import { type Contract, eventStreamOf, jsonOrStreamOf, type ResponseBody, type Route, type Schema } from '../../contract/shared/route.ts';
import { type Components, createComponents, isOptional } from '../openapi/components.ts';
import { areaDescriptions, orderedAreasOf } from '../openapi/descriptions.ts';
import { isBodyOptional, pathParamOf, queryOf } from '../openapi/operation.ts';
import { deprecationTag, docComment, printModel, printProperty, printType } from './typescript.ts';

const heading = '// Generated from the contract by docs/generate.ts. Do not edit.';

/** The types of the published client, without zod: named models, and one interface for each area. */
export function typesFile(contract: Contract): string {
  const components = createComponents();
  components.schemaOf(Problem, 'output');
  components.schemaOf(OpenAiProblem, 'output');
  const areas = orderedAreasOf(contract).map(([area, resource]) => printArea(area, resource, components));
  const models = [...components.models].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, model]) => printModel(name, model));
  const api = orderedAreasOf(contract).map(
    ([area]) => `${docComment(areaDescriptions[area]![1], '  ')}\n  readonly ${area}: ${apiName(area)};`,
  );
  return `${[
    heading,
    "import type { Call, Cursor, NoRequest, PagedCall, StreamCall } from '../core/call.ts';",
    "import type { Reasons } from './reasons.ts';",
    ...models,
    ...areas,
    `${docComment('Every area of the API.')}\nexport interface Api {\n${api.join('\n')}\n}`,
  ].join('\n\n')}\n`;
}

const apiName = (area: string) => `${area[0]!.toUpperCase()}${area.slice(1)}Api`;

function printArea(area: string, resource: Contract[string], components: Components) {
  const calls = Object.entries(resource).map(([verb, route]) => {
    const tag = route.metadata.deprecated && `@deprecated ${describeDeprecation(route.metadata.deprecated)}`;
    const comment = docComment([route.summary, route.description, tag].filter(Boolean).join('\n\n'), '  ');
    return `${comment}\n  readonly ${verb}: ${callType(`${area}.${verb}`, route, components)};`;
  });
  return `export interface ${apiName(area)} {\n${calls.join('\n')}\n}`;
}

function callType(name: string, route: Route, components: Components) {
  const kind = eventStreamOf(route) ? 'StreamCall' : route.metadata.pages === 'cursor' ? 'PagedCall' : 'Call';
  const answers = Object.entries(route.responses as Record<string, ResponseBody>)
    .filter(([status, answer]) => status !== '304' && (kind !== 'StreamCall' || answer !== null))
    .map(([, answer]) => answer);
  const one = answers.map((one) => responseTypeOf(one, kind === 'PagedCall', components)).join(' | ');
  const answer = route.metadata.pages === 'within' ? `${one} & Cursor` : one;
  return `${kind}<${requestType(route, components)}, ${answer}, Reasons['${name}']>`;
}

function responseTypeOf(answer: ResponseBody, paged: boolean, components: Components) {
  if (answer === null) return 'undefined';
  if ('bytes' in answer) return 'Blob';
  if ('last' in answer) return printType(components.schemaOf(answer.body, 'output'));
  if ('chunk' in answer) return printType(components.schemaOf(answer.body, 'output'));
  const type = printType(components.schemaOf(answer, 'output'));
  return paged ? type.replace(/\[\]$/, '') : type;
}

/** A call returns a complete answer: the chunks of a stream are for the SDKs of OpenAI. */
const bodyType = (route: Route, type: string) =>
  jsonOrStreamOf(route) && route.metadata.errors === 'openai' ? `${type} & { stream?: false | null | undefined }` : type;

function requestType(route: Route, components: Components) {
  const print = (schema: Schema, io: 'input' | 'output') => printType(components.schemaOf(schema, io));
  const params = paramNames(route.path).map((name) => printProperty(name, false, print(pathParamOf(route, name), 'output')));
  const query = queryOf(route).map(([name, schema]) => ({
    name,
    optional: isOptional(schema),
    type: print(schema, 'output'),
    tag: deprecationTag(components.schemaOf(schema, 'output')),
  }));
  const fields = query.map(({ name, optional, type, tag }) => `${tag}${printProperty(name, optional, type)}`);
  const parts = [
    params.length > 0 && printProperty('params', false, `{ ${params.join(' ')} }`),
    query.length > 0 &&
      printProperty(
        'query',
        query.every(({ optional }) => optional),
        `{ ${fields.join(' ')} }`,
      ),
    route.body && printProperty('body', isBodyOptional(route), bodyType(route, print(route.body, 'input'))),
  ].filter(Boolean);
  return parts.length > 0 ? `{ ${parts.join(' ')} }` : 'NoRequest';
}
