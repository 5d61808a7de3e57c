import { z } from 'zod';
import { type McpTool, type McpToolName, mcpTools, RunOutcome } from './mcpTools.ts';
import { Id } from './shared/fields.ts';
import { paramNames } from './shared/path.ts';
import type { Schema } from './shared/route.ts';

type JsonSchema = { [keyword: string]: z.core.util.JSONType };

/** A tool as clients of the MCP server list it. */
export type DescribedTool = {
  name: McpToolName;
  description: string;
  inputSchema: ObjectSchema;
  outputSchema: ObjectSchema;
  annotations: { readOnlyHint: boolean; destructiveHint: boolean; openWorldHint: false };
};
type ObjectSchema = { type: 'object'; properties: Record<string, JsonSchema>; required?: string[]; additionalProperties?: false };

const tools = Object.entries(mcpTools) as [McpToolName, McpTool][];

/** All tools, with the schemas of their operations. */
export const describeTools = (): DescribedTool[] =>
  tools.map(([name, tool]) => ({
    name,
    description: tool.description ?? `${tool.route.summary}. ${tool.route.description}`,
    inputSchema: inputSchemaOf(tool),
    outputSchema: outputSchemaOf(tool),
    annotations: {
      readOnlyHint: tool.route.method === 'GET' || tool.route.metadata.audit === 'none',
      destructiveHint: name === 'workspace_write' || name === 'workspace_edit' || name === 'cancel_run',
      openWorldHint: false,
    },
  }));

/** The arguments: the parameters of path and query with their parsed types, and the fields of the body. */
function inputSchemaOf({ route }: McpTool): ObjectSchema {
  const params = paramNames(route.path).map((name): [string, Schema] => [name, route.pathParams?._zod.def.shape[name] ?? Id]);
  const query = Object.entries<Schema>(route.query?._zod.def.shape ?? {});
  const body = route.body ? plainSchema(route.body, 'input') : {};
  const inQuery = query.filter(([, schema]) => !z.safeParse(schema, undefined).success).map(([name]) => name);
  const required = [...params.map(([name]) => name), ...inQuery, ...((body.required as string[] | undefined) ?? [])];
  return {
    type: 'object',
    properties: {
      ...Object.fromEntries([...params, ...query].map(([name, schema]) => [name, plainSchema(schema, 'output')])),
      ...(body.properties as Record<string, JsonSchema> | undefined),
    },
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  };
}

function outputSchemaOf({ route, rows, waits }: McpTool): ObjectSchema {
  const answer = waits ? RunOutcome : ((route.responses[200] ?? route.responses[201]) as Schema);
  const schema = plainSchema(answer, 'output');
  const properties = rows ? { [rows]: schema } : (schema.properties as Record<string, JsonSchema>);
  const next = route.metadata.pages && {
    next_cursor: { type: 'string', description: 'Pass it as before for the next page. Absent on the last page.' },
  };
  const required = rows ? [rows] : (schema.required as string[] | undefined);
  return { type: 'object', properties: { ...properties, ...next }, ...(required && { required }) };
}

/** Descriptions without the names of schemas, which would become references that not all clients resolve. */
const descriptions = Object.assign(z.registry<{ description?: string }>(), {
  get: (schema: Schema) => {
    const { id: _, ...rest } = z.globalRegistry.get(schema) ?? {};
    return rest;
  },
});

function plainSchema(schema: Schema, io: 'input' | 'output'): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, metadata: descriptions, override: shorten });
  return rest as JsonSchema;
}

/** Removes what agents do not need. Patterns are in the syntax of JavaScript, which not all clients support. */
function shorten({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodTypes; jsonSchema: z.core.JSONSchema.BaseSchema }) {
  const { def } = zodSchema._zod;
  delete jsonSchema.pattern;
  // New fields of a response must not fail a client that validates.
  if (def.type === 'object') delete jsonSchema.additionalProperties;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
}
