type Choice = readonly [value: string, title: string];

/** A form field of a question. */
export type FieldSpec = {
  key: string;
  type: string;
  /** Of the control of a text. */
  inputType: 'text' | 'email' | 'url' | 'date';
  label: string;
  hint: string | undefined;
  choices: readonly Choice[];
  isRequired: boolean;
  preset: unknown;
  /** Constraints as HTML attributes. */
  constraints: Record<'min' | 'max' | 'minLength' | 'maxLength', number | undefined>;
};

type Schema = Record<string, unknown>;

/** The form fields of the question's JSON Schema, in `_fieldOrder`. */
export function fieldsOf(schema: Schema | undefined): FieldSpec[] {
  const properties = (schema?.properties ?? {}) as Record<string, Schema>;
  const order = Array.isArray(schema?._fieldOrder) ? (schema._fieldOrder as string[]) : Object.keys(properties);
  const required = Array.isArray(schema?.required) ? schema.required : [];
  return order.flatMap((key) => (properties[key] ? [fieldOf(key, properties[key], required.includes(key))] : []));
}

function fieldOf(key: string, property: Schema, isRequired: boolean): FieldSpec {
  const { type, title, description, minimum, maximum, minLength, maxLength } = property;
  return {
    key,
    type: String(type),
    inputType: inputTypes[String(property.format)] ?? 'text',
    label: typeof title === 'string' ? title : key,
    hint: typeof description === 'string' ? description : undefined,
    choices: choicesOf((property.items as Schema | undefined) ?? property),
    isRequired,
    preset: property.default,
    constraints: { min: numberOf(minimum), max: numberOf(maximum), minLength: numberOf(minLength), maxLength: numberOf(maxLength) },
  };
}

const inputTypes: Record<string, FieldSpec['inputType']> = { email: 'email', uri: 'url', date: 'date' };

const numberOf = (value: unknown) => (typeof value === 'number' ? value : undefined);

function choicesOf(schema: Schema): Choice[] {
  const named = (schema.oneOf ?? schema.anyOf) as { const: unknown; title: string }[] | undefined;
  if (named) return named.map(({ const: value, title }) => [String(value), title]);
  const names = schema.enumNames as string[] | undefined;
  return ((schema.enum as unknown[] | undefined) ?? []).map((value, at) => [String(value), names?.[at] ?? String(value)]);
}

/** The answer: a JSON object with typed values of the filled-in fields, or plain text for a question without fields. */
export function answerOf(fields: readonly FieldSpec[], values: FormData): string {
  return fields.length === 0 ? String(values.get('content')) : JSON.stringify(valuesOf(fields, values));
}

/** The answer to a tool server, which can ask for a confirmation without fields. Its limits do not apply to lists that are left out. */
export function serverAnswerOf(fields: readonly FieldSpec[], values: FormData): string {
  const isGiven = ({ key, type, isRequired }: FieldSpec) => type !== 'array' || isRequired || values.has(key);
  return JSON.stringify(valuesOf(fields.filter(isGiven), values));
}

function valuesOf(fields: readonly FieldSpec[], values: FormData): Record<string, unknown> {
  const entries = fields.map(({ key, type }) => {
    if (type === 'array') return [key, values.getAll(key).map(String)];
    if (type === 'boolean') return [key, values.get(key) === 'true'];
    const text = String(values.get(key) ?? '');
    if (text === '') return [key, undefined];
    return [key, type === 'number' || type === 'integer' ? Number(text) : text];
  });
  return Object.fromEntries(entries);
}
