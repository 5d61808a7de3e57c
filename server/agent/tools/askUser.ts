import { z } from 'zod';
import { defineTool, ToolFailure } from './tool.ts';

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const count = z.int().min(0);

const Field = z.strictObject({
  key: z.string().trim().min(1),
  type: z.enum(['string', 'boolean', 'number', 'integer', 'array']),
  title: z.string().optional(),
  description: z.string().optional(),
  enum: z.array(scalar).min(1).optional(),
  enumNames: z.array(z.string()).optional(),
  oneOf: z
    .array(z.strictObject({ const: scalar, title: z.string() }))
    .min(1)
    .optional(),
  required: z.boolean().optional(),
  default: z.union([scalar, z.array(scalar)]).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  minLength: count.optional(),
  maxLength: count.optional(),
  minItems: count.optional(),
  maxItems: count.optional(),
});
type Field = z.output<typeof Field>;

const AskUser = z
  .strictObject({ message: z.string().refine((text) => text.trim() !== '', 'must not be blank'), fields: z.array(Field).min(1).max(10) })
  .check(({ value: { fields }, issues }) => {
    fields.forEach((field, at) => {
      for (const message of problemsOf(field)) issues.push({ code: 'custom', input: field, message, path: ['fields', at] });
    });
    if (new Set(fields.map(({ key }) => key)).size < fields.length)
      issues.push({ code: 'custom', input: fields, message: 'every key must be there once', path: ['fields'] });
  });

function problemsOf(field: Field): string[] {
  const { type, enumNames, default: preset } = field;
  const isOrdered = (least?: number, most?: number) => least === undefined || most === undefined || least <= most;
  const rules: [holds: boolean, message: string][] = [
    [type !== 'array' || field.enum !== undefined || field.oneOf !== undefined, 'an array needs enum or oneOf'],
    [field.enum === undefined || field.oneOf === undefined, 'enum and oneOf exclude each other'],
    [enumNames === undefined || enumNames.length === field.enum?.length, 'enumNames must name every value of enum'],
    [isOrdered(field.minimum, field.maximum), 'minimum must not be above maximum'],
    [isOrdered(field.minLength, field.maxLength), 'minLength must not be above maxLength'],
    [isOrdered(field.minItems, field.maxItems), 'minItems must not be above maxItems'],
    [preset === undefined || fits(type, preset), `default must be of type ${type}`],
  ];
  return rules.filter(([holds]) => !holds).map(([, message]) => message);
}

const fits = (type: Field['type'], value: unknown) =>
  type === 'array' ? Array.isArray(value) : type === 'integer' ? Number.isInteger(value) : typeof value === type;

/** `requestedSchema` is a JSON Schema plus `_fieldOrder`, the order of its fields. */
export type Question = { message: string; requestedSchema: Record<string, unknown> };

/** Reads the arguments of `ask_user`. Throws `tool.args_invalid`. */
export function parseQuestion(args: unknown): Question {
  const { data, error } = AskUser.safeParse(args);
  if (error) throw new ToolFailure('tool.args_invalid', z.prettifyError(error));
  const required = data.fields.filter((field) => field.required).map(({ key }) => key);
  const properties = Object.fromEntries(data.fields.map((field) => [field.key, propertyOf(field)]));
  const _fieldOrder = data.fields.map(({ key }) => key);
  return { message: data.message, requestedSchema: { properties, ...(required.length > 0 && { required }), _fieldOrder } };
}

function propertyOf({ key: _, required: __, ...field }: Field): Record<string, unknown> {
  if (field.type !== 'array') return field;
  const { enum: values, enumNames, oneOf, ...facts } = field;
  const items = oneOf ? { anyOf: oneOf } : { enum: values, ...(enumNames && { enumNames }) };
  return { ...facts, items };
}

/** The user's answer as the model reads it: parsed if it is a JSON object, else the text. */
export function parseUserResponse(content: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(content);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { user_response: value };
  } catch {}
  return { user_response: content };
}

/** Never executed as a tool: the loop asks the question after all other calls of the turn, because it can wait for a long time. */
export const askUserTool = defineTool({
  name: 'ask_user',
  description:
    'Ask the user for something you need and cannot find out: a decision, a preference, missing facts. The run waits for the answer. Ask everything at once, in one form of up to ten fields; a list of choices is an array with enum or oneOf.',
  input: AskUser,
  parallel: false,
  run: () => Promise.reject(new ToolFailure('tool.not_available', 'Nobody can be asked here.')),
});
