import type { Response } from 'express';
import { z } from 'zod';
import { type Deprecation, deprecationHeaders, deprecationIn } from '../../../contract/deprecation.ts';
import type { Route, Schema } from '../../../contract/shared/route.ts';
import type { HandlerResponse, RouteHandler } from '../pipeline/implement.ts';

type RequestPart = 'query' | 'body';
type DeprecatedField = { in: RequestPart; name: string; deprecation: Deprecation };

/** Adds the headers of a deprecation to the responses of requests that contain a deprecated parameter or field of the body. */
export function withDeprecationHeaders(handler: RouteHandler): RouteHandler {
  const fields = deprecatedFieldsOf(handler.route);
  if (fields.length === 0) return handler;
  return {
    ...handler,
    async handle(input): Promise<HandlerResponse> {
      const used = fields.filter((field) => isSent(input[field.in], field.name)).map(({ deprecation }) => deprecation);
      const response = await handler.handle(input);
      // The field with the earliest sunset counts.
      const [first] = used.sort((a, b) => (a.sunset < b.sunset ? -1 : 1));
      return first ? { ...response, headers: { ...response.headers, ...deprecationHeaders(first) } } : response;
    },
  };
}

const isSent = (part: unknown, name: string) =>
  typeof part === 'object' && part !== null && (part as Record<string, unknown>)[name] !== undefined;

/** The deprecated fields of the first level. Those with a default cannot be told from omitted ones. */
function deprecatedFieldsOf({ query, body }: Route): DeprecatedField[] {
  const fieldsIn = (part: RequestPart, schema: Schema | null | undefined) =>
    Object.entries(schema instanceof z.ZodObject ? (schema.shape as Record<string, Schema>) : {}).flatMap(
      ([name, field]): DeprecatedField[] => {
        const deprecation = deprecationIn(z.globalRegistry.get(field));
        return deprecation && !hasDefault(field) ? [{ in: part, name, deprecation }] : [];
      },
    );
  return [...fieldsIn('query', query), ...fieldsIn('body', body)];
}

const hasDefault = (field: Schema) => z.safeParse(field, undefined).data !== undefined;

/** A response can have several links: of a deprecation, and of the next page. */
export function addHeaders(res: Response, headers: Readonly<Record<string, string>> = {}) {
  for (const [name, value] of Object.entries(headers))
    if (name === 'link') res.append(name, value);
    else res.setHeader(name, value);
}
