import { simplified } from '../../../docs/openapi/compact/naming.ts';

type Shared = 'responses' | 'parameters' | 'headers' | 'requestBodies' | 'examples';

const reference = /^#\/components\/(responses|parameters|headers|requestBodies|examples)\/(.+)$/;

/** A simplified document with its shared responses, parameters, headers, bodies and examples in the places that refer to them. Schemas stay references. */
export function inlineReferences<Document extends object>(document: Document): Document {
  const { components = {} } = document as { components?: Partial<Record<Shared, Record<string, unknown>>> };
  const inline = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(inline);
    if (typeof value !== 'object' || value === null) return value;
    const [, kind, name] = reference.exec(String((value as { $ref?: unknown }).$ref)) ?? [];
    if (kind) return inline(components[kind as Shared]?.[name!]);
    return simplified(Object.fromEntries(Object.entries(value).map(([key, part]) => [key, inline(part)])));
  };
  return inline(document) as Document;
}
