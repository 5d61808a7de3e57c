import { z } from 'zod';
import type { Issue } from '../../../contract/shared/errors.ts';
import { jsonPointer } from '../../../contract/shared/input.ts';

/** A question of an MCP server, as it is stored in events. `requestedSchema` has `_fieldOrder`, because stored objects do not keep the order of their keys. */
export type Elicitation = { message: string; requestedSchema: RequestedSchema & { _fieldOrder: string[] } };

const text = (most: number) => z.string().max(most);
const named = { title: text(200).optional(), description: text(1_000).optional() };
const Options = z.array(text(200)).min(1).max(100);
const TitledOptions = z
  .array(z.object({ const: text(200), title: text(200) }))
  .min(1)
  .max(100);
const count = z.int().min(0).optional();

/** The field types of MCP 2025-11-25, elicitation: no nesting, and no regular expressions. Other keywords are left out: the server checks them itself. */
const Property = z.union([
  z.object({
    type: z.literal('string'),
    ...named,
    enum: Options,
    enumNames: z.array(text(200)).max(100).optional(),
    default: text(200).optional(),
  }),
  z.object({ type: z.literal('string'), ...named, oneOf: TitledOptions, default: text(200).optional() }),
  z.object({
    type: z.literal('array'),
    ...named,
    minItems: count,
    maxItems: count,
    items: z.union([z.object({ type: z.literal('string'), enum: Options }), z.object({ anyOf: TitledOptions })]),
    default: z.array(text(200)).max(100).optional(),
  }),
  z.object({ type: z.literal('boolean'), ...named, default: z.boolean().optional() }),
  z.object({
    type: z.enum(['number', 'integer']),
    ...named,
    minimum: z.number().optional(),
    maximum: z.number().optional(),
    default: z.number().optional(),
  }),
  z.object({
    type: z.literal('string'),
    ...named,
    minLength: count,
    maxLength: count,
    format: z.enum(['email', 'uri', 'date', 'date-time']).optional(),
    default: text(4_000).optional(),
  }),
]);
type Property = z.infer<typeof Property>;

const RequestedSchema = z.object({
  type: z.literal('object'),
  properties: z.record(text(100).min(1), Property).refine((properties) => Object.keys(properties).length <= 20, 'at most 20 fields'),
  required: z.array(z.string()).max(20).optional(),
});
type RequestedSchema = z.infer<typeof RequestedSchema>;

const Elicitation = z
  .object({ message: text(4_000).refine((message) => message.trim() !== '', 'must not be blank'), requestedSchema: RequestedSchema })
  .refine(({ requestedSchema: { properties, required = [] } }) => required.every((name) => Object.hasOwn(properties, name)), {
    path: ['requestedSchema', 'required'],
    error: 'names a field that is not there',
  });

/** What only fields for secrets say, in words of `wordsOf`. Answers are stored in the events of the run in clear text. */
const secretWords = [
  /pass ?(?:word|wd|phrase|code|key)|passwort|kennwort|secret(?!ar)|credential|two factor|social security|seed phrase|mnemonic/,
  /(?:api|private|secret|access|encryption|signing) ?key/,
  /(?:api|access|auth|authentication|bearer|refresh|session|security) ?token/,
  /(?:credit|debit) ?card|card ?(?:number|no\b)|(?:security|verification|recovery|backup|one ?time) ?(?:code|key)/,
  /\b(?:pwd|pw|otp|totp|mfa|2fa|ssn|pin|pincode|cvv2?|cvc2?)\b/,
];

/** Lowercase words without accents, whatever the spelling: `userApiKey`, `USER_API-KEY`, fullwidth letters. */
const wordsOf = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/[\p{M}\p{Cf}]/gu, '')
    .replace(/(?<=[\p{Ll}\d])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/gu, ' ')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .toLowerCase();

function asksForSecret(...texts: (string | undefined)[]): boolean {
  const words = texts.map((text = '') => wordsOf(text));
  return secretWords.some((pattern) => words.some((each) => pattern.test(each)));
}

/** The largest question, in bytes of JSON. It is stored in several events. */
const maxQuestionBytes = 32_768;

/** Reads the question of an MCP server. Returns the text of an error for the server if the question is not allowed. */
export function readElicitation(params: unknown): Elicitation | string {
  if (Buffer.byteLength(JSON.stringify(params)) > maxQuestionBytes) return `The question has more than ${maxQuestionBytes} bytes.`;
  const { data, error } = Elicitation.safeParse(params);
  if (error) return z.prettifyError(error).slice(0, 1_000);
  const { message, requestedSchema } = data;
  const fields = Object.entries(requestedSchema.properties);
  // The protocol forbids it too: forms must not ask for sensitive data.
  const secret = fields.find(([name, { title, description }]) => asksForSecret(name, title, description));
  if (secret) return `The field ${secret[0]} asks for a secret, which a form must not do.`;
  return { message, requestedSchema: { ...requestedSchema, _fieldOrder: fields.map(([name]) => name) } };
}

const formats = { email: z.email(), uri: z.url(), date: z.iso.date(), 'date-time': z.iso.datetime({ offset: true }) };

type Scalar = string | number | boolean;
type Choices = { enum?: Scalar[] | undefined; oneOf?: { const: Scalar }[] | undefined; anyOf?: { const: Scalar }[] | undefined };

/** A field of a question, of an MCP server or of `ask_user`, whose options may be of any type. */
type AskedField = Choices & {
  type: Property['type'];
  minimum?: number | undefined;
  maximum?: number | undefined;
  minLength?: number | undefined;
  maxLength?: number | undefined;
  format?: keyof typeof formats | undefined;
  minItems?: number | undefined;
  maxItems?: number | undefined;
  items?: Choices | undefined;
};

const optionsOf = ({ enum: values, oneOf: titled, anyOf }: Choices): Scalar[] | undefined =>
  values ?? (titled ?? anyOf)?.map((option) => option.const);

/** Forms send the text of an option. A fixed message, because the default one lists all options. */
const oneOf = (options: Scalar[]) => z.literal([...options, ...options.map(String)], 'must be one of the options');

const maxChosen = 100;

function valueOf(property: AskedField): z.ZodType {
  const options = optionsOf(property);
  if (options) return oneOf(options);
  switch (property.type) {
    case 'boolean':
      return z.boolean();
    case 'number':
    case 'integer': {
      const { minimum = -Number.MAX_VALUE, maximum = Number.MAX_VALUE } = property;
      return (property.type === 'integer' ? z.int() : z.number()).min(minimum).max(maximum);
    }
    case 'array': {
      const { minItems = 0, maxItems = maxChosen } = property;
      // The items are read only if they are not too many: each has an issue of its own.
      const counted = z.array(z.unknown()).min(minItems).max(Math.min(maxItems, maxChosen));
      return counted.pipe(z.array(oneOf(optionsOf(property.items ?? {}) ?? [])));
    }
    case 'string': {
      const { minLength = 0, maxLength = Number.MAX_SAFE_INTEGER, format } = property;
      // JSON Schema counts code points.
      const lengthOf = (value: string) => [...value].length;
      return (format ? formats[format] : z.string())
        .refine((value: string) => lengthOf(value) >= minLength, `must have at least ${minLength} characters`)
        .refine((value: string) => lengthOf(value) <= maxLength, `must have at most ${maxLength} characters`);
    }
  }
}

type Answer = Record<string, string | number | boolean | string[]>;

/** What a question asks for. */
export type AskedSchema = { properties: Record<string, AskedField>; required?: string[] | undefined };

/** Reads the answer to a question: a JSON object that matches the schema. Returns the issues of another text. */
export function readAnswer({ properties, required = [] }: AskedSchema, content: string): { answer: Answer } | { issues: Issue[] } {
  const fields = Object.entries(properties).map(([name, property]) => {
    const value = valueOf(property);
    return [name, required.includes(name) ? value : value.optional()] as const;
  });
  const shape = z.strictObject(Object.fromEntries(fields), {
    error: ({ code }) => (code === 'unrecognized_keys' ? 'has a field that was not asked for' : undefined),
  });
  const { data, error } = shape.safeParse(parsed(content));
  if (!error) return { answer: data as Answer };
  return { issues: error.issues.map(({ path, message }) => ({ location: 'body', path: `/content${jsonPointer(path)}`, message })) };
}

/** Whether a text is a JSON object, which the answer to a question of `ask_user` need not be. */
export function isObject(content: string): boolean {
  const value = parsed(content);
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parsed(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return content;
  }
}
