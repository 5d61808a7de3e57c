import { readFileSync } from 'node:fs';
import type { OpenAPIObject } from 'openapi3-ts/oas31';
import { expect, test } from 'vitest';
import * as contract from '../../../contract/index.ts';
import { guideReferences } from '../../../docs/openapi/guides.ts';
import { openApi } from '../../../docs/openapi/openapi.ts';
import { undescribedParts } from '../../../docs/openapi/undescribed.ts';
import { slugger } from '../../../server/http/site/pages/markdown.ts';

const root = new URL('../../../', import.meta.url);

test('every tag, operation, parameter, header, schema and property is described', () => {
  expect(undescribedParts(openApi(contract, '1.0.0'))).toEqual([]);
});

test('a part without a description is named', () => {
  const text = { type: 'string' };
  const described = { ...text, description: 'Text.' };
  const document = {
    openapi: '3.1.0',
    info: { title: 'Notes', version: '1.0.0' },
    tags: [{ name: 'notes' }, { name: 'threads', description: 'Conversations.' }],
    paths: {
      '/v1/notes': {
        post: {
          operationId: 'notesCreate',
          parameters: [
            { name: 'limit', in: 'query', schema: text },
            { name: 'before', in: 'query', description: 'The cursor.', schema: text },
          ],
          requestBody: { content: { 'application/json': { schema: { properties: { text, title: described } } } } },
          responses: {
            201: {
              description: 'Created.',
              content: { 'application/json': { schema: { type: 'array', items: { properties: { text } } } } },
            },
          },
        },
      },
    },
    components: {
      headers: { Link: { schema: text } },
      schemas: {
        Note: {
          description: 'A note.',
          properties: {
            id: { $ref: '#/components/schemas/Id' },
            author: { $ref: '#/components/schemas/Id', description: 'Who wrote it.' },
            place: { description: 'Where it was written.', anyOf: [{ properties: { city: text } }, { type: 'null' }] },
            tags: { description: 'Labels.', additionalProperties: { properties: { color: { ...text, description: ' ' } } } },
          },
        },
        Id: text,
      },
    },
  } as unknown as OpenAPIObject;
  expect(undescribedParts(document)).toEqual([
    'tag notes',
    'notesCreate',
    'notesCreate: query parameter limit',
    'notesCreate: body.text',
    'notesCreate: 201[].text',
    'components.headers.Link',
    'Note.id',
    'Note.place.city',
    'Note.tags[].color',
    'Id',
  ]);
});

test('the guides that the document refers to exist, with their headings', () => {
  const missing = guideReferences.filter((reference) => {
    const [name, anchor] = reference.split('#');
    const slug = slugger();
    const headings = readFileSync(new URL(`docs/guides/${name}.md`, root), 'utf8').matchAll(/^#{1,6} (.+)$/gm);
    const anchors = [...headings].map(([, heading]) => slug(heading!.replace(/[`*]/g, '')));
    return anchor !== undefined && !anchors.includes(anchor);
  });
  expect(missing).toEqual([]);
});
