import type { PendingQuestion } from './runView.ts';

/** A form field of a question. */
export type QuestionField = {
  /** Name of the value in the answer. */
  readonly key: string;
  /** `array`: any number of `choices`. */
  readonly type: 'string' | 'number' | 'integer' | 'boolean' | 'array';
  /** Type of the input element for a text without `choices`. */
  readonly inputType: 'text' | 'email' | 'url' | 'date';
  readonly label: string;
  readonly hint: string | undefined;
  /** The values to choose from; empty if any value is accepted. */
  readonly choices: readonly { readonly value: string; readonly label: string }[];
  readonly required: boolean;
  /** The value that the question suggests. */
  readonly preset: unknown;
  /** Limits, named like the attributes of an input element. */
  readonly limits: Readonly<Record<'min' | 'max' | 'minLength' | 'maxLength', number | undefined>>;
};

type Schema = Readonly<Record<string, unknown>>;
type Asked = Pick<PendingQuestion, 'requestedSchema' | 'mcp_server'>;

/** The form fields of a question, in their order. None: the answer is a text or, for a tool server, a confirmation. */
export function questionFields({ requestedSchema: schema = {} }: Asked): QuestionField[] {
  const properties = (schema.properties ?? {}) as Readonly<Record<string, Schema>>;
  const order = Array.isArray(schema._fieldOrder) ? (schema._fieldOrder as string[]) : Object.keys(properties);
  const required = Array.isArray(schema.required) ? (schema.required as unknown[]) : [];
  return order.flatMap((key) => (properties[key] ? [fieldOf(key, properties[key], required.includes(key))] : []));
}

function fieldOf(key: string, property: Schema, required: boolean): QuestionField {
  const { type, format, title, description, items, default: preset, minimum, maximum, minLength, maxLength } = property;
  return {
    key,
    type: type as QuestionField['type'],
    inputType: inputTypes[String(format)] ?? 'text',
    label: typeof title === 'string' ? title : key,
    hint: typeof description === 'string' ? description : undefined,
    choices: choicesOf((items as Schema | undefined) ?? property),
    required,
    preset,
    limits: { min: numberOf(minimum), max: numberOf(maximum), minLength: numberOf(minLength), maxLength: numberOf(maxLength) },
  };
}

const inputTypes: Readonly<Record<string, QuestionField['inputType']>> = { email: 'email', uri: 'url', date: 'date' };
const numberOf = (value: unknown) => (typeof value === 'number' ? value : undefined);

function choicesOf({ oneOf, anyOf, enum: values, enumNames: names }: Schema): QuestionField['choices'] {
  const named = (oneOf ?? anyOf) as { const: unknown; title: string }[] | undefined;
  if (named) return named.map(({ const: value, title }) => ({ value: String(value), label: title }));
  return ((values ?? []) as unknown[]).map((value, at) => ({
    value: String(value),
    label: (names as string[] | undefined)?.[at] ?? String(value),
  }));
}

/**
 * The answer to a question from a form whose controls are named like the keys of its fields, for `run.reply` or as `content` of `client.runs.input`:
 * JSON with numbers and booleans where the fields say so, without empty fields. Checkboxes have the value `true`, or that of their choice. Without
 * fields it is the text of the control `content`.
 */
export function questionAnswer(question: Asked, form: FormData): string {
  const fields = questionFields(question);
  if (fields.length === 0 && !question.mcp_server) return String(form.get('content') ?? '');
  // The limits of a list do not apply if a tool server does not get it.
  const isLeftOut = ({ key, type, required }: QuestionField) => question.mcp_server && type === 'array' && !required && !form.has(key);
  return JSON.stringify(Object.fromEntries(fields.filter((field) => !isLeftOut(field)).map((field) => [field.key, valueOf(field, form)])));
}

function valueOf({ key, type }: QuestionField, form: FormData): unknown {
  if (type === 'array') return form.getAll(key).map(String);
  if (type === 'boolean') return form.get(key) === 'true';
  const text = String(form.get(key) ?? '');
  if (text === '') return undefined;
  return type === 'number' || type === 'integer' ? Number(text) : text;
}
