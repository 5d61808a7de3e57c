import type { LinkObject, OpenAPIObject, OperationObject, ParameterObject, ResponseObject, SchemaObject } from 'openapi3-ts/oas31';
import { expect, test } from 'vitest';
import * as contract from '../../../contract/index.ts';
import { openApi } from '../../../docs/openapi/openapi.ts';

const document: OpenAPIObject = openApi(contract, '1.0.0');
const operations = Object.values(document.paths!)
  .flatMap((item) => Object.values(item) as OperationObject[])
  .filter((operation) => !('x-alias-of' in operation));
const operationOf = (id: string) => operations.find(({ operationId }) => operationId === id)!;
const parametersOf = ({ parameters = [] }: OperationObject) => parameters.filter((each): each is ParameterObject => !('$ref' in each));

type Row = { id: string; status: string; response: ResponseObject; links: Record<string, LinkObject> };
const rows = operations.flatMap((operation) =>
  Object.entries(operation.responses as Record<string, ResponseObject>).map(([status, response]): Row => ({
    id: operation.operationId!,
    status,
    response,
    links: (response.links ?? {}) as Row['links'],
  })),
);
const linksOf = (id: string) => rows.find((row) => row.id === id && row.status === '201')!.links;

function schemaOf(schema: SchemaObject): SchemaObject {
  const { $ref } = schema as { $ref?: string };
  return $ref ? schemaOf(document.components!.schemas![$ref.split('/').at(-1)!] as SchemaObject) : schema;
}

/** Whether an expression is the value of a required property of the response, or of a path parameter of the request. */
function isKnown({ id, response }: Row, expression: string): boolean {
  const [, name] = /^\$request\.path\.(\w+)$/.exec(expression) ?? [];
  if (name) return parametersOf(operationOf(id)).some((parameter) => parameter.in === 'path' && parameter.name === name);
  const [, first, property] = /^\$response\.body#(\/0)?\/(\w+)$/.exec(expression) ?? [];
  const body = schemaOf(response.content!['application/json']!.schema as SchemaObject);
  const { required = [] } = first ? schemaOf(body.items as SchemaObject) : body;
  return required.includes(property!);
}

test('a created thread leads to all operations on it', () => {
  const links = linksOf('threadsCreate');
  expect(Object.keys(links)).toEqual(
    expect.arrayContaining(['threadsGet', 'threadsUpdate', 'threadsDelete', 'threadsFork', 'messagesCreate', 'messagesList', 'runsCreate']),
  );
  expect(links.threadsGet).toEqual({ operationId: 'threadsGet', parameters: { thread_id: '$response.body#/id' } });
});

test('links take parameters from the path, the body and the query', () => {
  const { runsEditMessage } = linksOf('messagesCreate');
  expect(runsEditMessage?.parameters).toEqual({ thread_id: '$request.path.thread_id', message_id: '$response.body#/id' });
  expect(linksOf('sharesCreate').sharesDelete?.parameters).toEqual({ thread_id: '$request.path.thread_id', id: '$response.body#/id' });
  expect(linksOf('personasCreate').personasUpdate?.parameters).toEqual({
    persona_id: '$response.body#/id',
    scope: '$response.body#/scope',
  });
  expect(linksOf('redemptionCodesCreateBatch').redemptionCodesUpdate?.parameters).toEqual({ code_id: '$response.body#/0/id' });
  expect(linksOf('featureFlagsCreate')).not.toHaveProperty('featureFlagsDeleteOverride');
});

test('links contain exactly known parameters, and all that are required', () => {
  const broken = rows.flatMap((row) =>
    Object.values(row.links).filter(({ operationId, parameters = {} }) => {
      const own = parametersOf(operationOf(operationId!));
      const missing = own.filter(({ name, required }) => required && !Object.hasOwn(parameters, name));
      const unknown = Object.entries(parameters).filter(
        ([name, expression]) => !own.some((each) => each.name === name) || !isKnown(row, expression as string),
      );
      return missing.length > 0 || unknown.length > 0;
    }),
  );
  expect(broken).toEqual([]);
});

test('every response that creates something has links, unless there are no operations on it', () => {
  const without = rows.filter(({ status, links }) => status === '201' && Object.keys(links).length === 0).map(({ id }) => id);
  // Users, reports, occurrences and platform admins have no operations by ID for their creator. A fork has those of every thread.
  expect(without).toEqual(['threadsFork', 'authRegister', 'reportsCreate', 'schedulesRunNow', 'bootstrapSetup']);
});
