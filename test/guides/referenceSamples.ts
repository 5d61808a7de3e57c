import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { areasOf, type Document, readReference } from '../../server/http/site/reference/document.ts';
import { samplesOf } from '../../server/http/site/reference/samples.ts';
import { root } from './snippets.ts';

/** The samples of each operation in the API reference. */
export function referenceSamples() {
  const reference = readReference(JSON.parse(readFileSync(join(root, 'docs/openapi.json'), 'utf8')) as Document);
  return areasOf(reference).flatMap(({ operations }) =>
    operations.flatMap((operation) =>
      operation.call === undefined ? [] : [{ id: operation.id, ...samplesOf(operation, reference.resolve) }],
    ),
  );
}
