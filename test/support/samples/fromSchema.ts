import fc, { type Arbitrary } from 'fast-check';

/** A JSON Schema of the OpenAPI document. */
export type JsonSchema = Record<string, any>;

/** Generates values for the schemas of one document. */
export function valuesFrom(schemas: Readonly<Record<string, JsonSchema>>) {
  const resolve = (schema: JsonSchema): JsonSchema => ('$ref' in schema ? resolve(schemas[schema.$ref.split('/').at(-1)]!) : schema);

  function valid(given: JsonSchema): Arbitrary<unknown> {
    const schema = resolve(given);
    if ('const' in schema) return fc.constant(schema.const);
    if (schema.enum) return fc.constantFrom(...schema.enum);
    const choices = schema.anyOf ?? schema.oneOf;
    if (choices) return fc.oneof(...choices.map((choice: JsonSchema) => valid(rest(schema, choice))));
    if (Array.isArray(schema.type)) return fc.oneof(...schema.type.map((type: string) => valid({ ...schema, type })));
    return (makers[schema.type as keyof typeof makers] ?? anything)(schema);
  }

  function record(schema: JsonSchema): Arbitrary<object> {
    const { properties = {}, required = [], additionalProperties, minProperties = 0, maxProperties, propertyNames } = schema;
    const named = fc.record(Object.fromEntries(Object.entries<JsonSchema>(properties).map(([name, each]) => [name, valid(each)])), {
      requiredKeys: required,
    });
    const isOpen = typeof additionalProperties === 'object' || (additionalProperties !== false && Object.keys(properties).length === 0);
    const names = propertyNames ? (valid({ type: 'string', ...propertyNames }) as Arbitrary<string>) : fc.stringMatching(/^[a-z]{1,8}$/);
    const extras = isOpen
      ? fc.dictionary(names, typeof additionalProperties === 'object' ? valid(additionalProperties) : anything(), {
          minKeys: minProperties,
          maxKeys: Math.max(minProperties, Math.min(maxProperties ?? 4, 4)),
        })
      : fc.constant({});
    return fc
      .tuple(named, extras)
      .map(([one, other]) => ({ ...other, ...one }))
      .filter((value) => Object.keys(value).length >= minProperties);
  }

  const list = ({ items = {}, minItems = 0, maxItems = minItems + 4, uniqueItems }: JsonSchema) => {
    const limits = { minLength: minItems, maxLength: Math.min(maxItems, minItems + 4) };
    return uniqueItems
      ? fc.uniqueArray(valid(items), { ...limits, selector: (item) => JSON.stringify(item) })
      : fc.array(valid(items), limits);
  };

  const makers = {
    string,
    integer: numbers,
    number: numbers,
    boolean: () => fc.boolean(),
    null: () => fc.constant(null),
    array: list,
    object: record,
  };
  return { valid, resolve, outside: (schema: JsonSchema) => outside(resolve(schema), resolve) };
}

/** Adds the keywords next to `anyOf` or `oneOf`, such as `type`, to a choice. */
const rest = ({ anyOf: _, oneOf: __, ...beside }: JsonSchema, choice: JsonSchema) => ('$ref' in choice ? choice : { ...beside, ...choice });

const anything = (): Arbitrary<unknown> =>
  fc.oneof(fc.constant(null), fc.boolean(), fc.integer(), text({}), fc.constant({}), fc.constant([]));

/** Any string without U+0000 and lone surrogates, which the introduction of the document excludes. */
const text = ({ minLength = 0, maxLength = minLength + 12 }: JsonSchema): Arbitrary<string> =>
  fc
    .oneof(
      fc.string({ unit: 'binary', minLength, maxLength: Math.min(maxLength, minLength + 12) }).map((made) => made.replaceAll('\0', 'a')),
      fc.constantFrom(' ', '\u00e9', '\u{1f600}', 'a').map((unit) => unit.repeat(Math.max(minLength, 1))),
      ...(maxLength <= 5_000 ? [fc.constantFrom('a', '\u{1f600}').map((unit) => unit.repeat(maxLength))] : []),
    )
    .filter((made) => [...made].length >= minLength && [...made].length <= maxLength);

const two = (number: number) => String(number).padStart(2, '0');
const days = fc.date({ min: new Date('0001-01-02T00:00:00Z'), max: new Date('9999-12-30T00:00:00Z'), noInvalidDate: true });

const formats: Record<string, Arbitrary<string>> = {
  uuid: fc.uuid(),
  date: days.map((day) => day.toISOString().slice(0, 10)),
  'date-time': fc.oneof(
    days.map((day) => day.toISOString()),
    fc.tuple(days, fc.integer({ min: 0, max: 14 })).map(([day, hours]) => `${day.toISOString().slice(0, 19)}+${two(hours)}:30`),
  ),
  email: fc
    .tuple(fc.stringMatching(/^[a-z0-9]{1,20}$/), fc.stringMatching(/^[a-z]{1,10}$/))
    .map(([who, where]) => `${who}@${where}.example`),
  uri: fc.webUrl(),
  ipv4: fc.ipV4(),
  ipv6: fc.ipV6(),
};

function string(schema: JsonSchema): Arbitrary<string> {
  const { pattern, allOf = [], format, minLength = 0, maxLength = Number.POSITIVE_INFINITY } = schema;
  const patterns: RegExp[] = [{ pattern }, ...allOf].flatMap((each) => (each.pattern ? [new RegExp(each.pattern, 'u')] : []));
  let misses = 0;
  const fits = (made: string) => {
    const isFit = [...made].length >= minLength && [...made].length <= maxLength && patterns.every((each) => each.test(made));
    misses = isFit ? 0 : misses + 1;
    if (misses > 100_000) throw new Error(`no generated text fits ${JSON.stringify(schema)}`);
    return isFit;
  };
  if (format && formats[format]) return formats[format].filter(fits);
  // fast-check cannot generate from patterns with lookahead.
  const [first] = patterns.filter(({ source }) => !source.includes('(?=') && !source.includes('(?!'));
  const matching = first && fc.stringMatching(first).map((made) => made.replaceAll('\0', 'a'));
  return (matching ? fc.oneof(matching, text({ minLength, maxLength: schema.maxLength })) : text(schema)).filter(fits);
}

/** Maps an integer to a multiple of `step` within bounds. */
function whole(n: number, min: number, max: number, step: number) {
  const [first, last] = [Math.ceil(min / step), Math.floor(max / step)];
  const count = Math.min(last - first + 1, Number.MAX_SAFE_INTEGER);
  return (first + (Math.abs(n) % count)) * step;
}

function numbers({ type, minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, not }: JsonSchema): Arbitrary<number> {
  const isInteger = type === 'integer';
  const min = minimum ?? exclusiveMinimum ?? (isInteger ? Number.MIN_SAFE_INTEGER : -1e9);
  const max = maximum ?? exclusiveMaximum ?? (isInteger ? Number.MAX_SAFE_INTEGER : 1e9);
  const step = multipleOf ?? (isInteger ? 1 : undefined);
  const inside = step
    ? fc.maxSafeInteger().map((n) => whole(n, min, max, step))
    : fc.double({ min, max, noNaN: true, noDefaultInfinity: true });
  return fc
    .oneof(inside, fc.constantFrom(min, max))
    .filter(
      (n) =>
        (exclusiveMinimum === undefined || n > exclusiveMinimum) &&
        (exclusiveMaximum === undefined || n < exclusiveMaximum) &&
        (not === undefined || n !== not.const),
    )
    .map((n) => (Object.is(n, -0) ? 0 : n));
}

/** Invalid values, each with the keyword that it violates. For an object, also one per invalid property. */
function outside(schema: JsonSchema, resolve: (schema: JsonSchema) => JsonSchema): [keyword: string, value: unknown][] {
  const { type, enum: values, const: only, minLength = 0, maxLength, minimum, maximum, minItems = 0, maxItems, minProperties = 0 } = schema;
  if (schema.anyOf || schema.oneOf || Array.isArray(type)) return [];
  const found: [string, unknown][] = [];
  const add = (keyword: string, holds: boolean, value: () => unknown) => {
    if (holds) found.push([keyword, value()]);
  };
  add('type', type !== undefined, () => (type === 'boolean' ? 'maybe' : true));
  add('enum', values !== undefined || only !== undefined, () => 'none of them');
  if (type === 'string') {
    add('minLength', minLength > 0, () => '');
    add('maxLength', maxLength !== undefined, () => 'x'.repeat(maxLength + 1));
    add('pattern', schema.pattern === '\\S', () => '  ');
    add('format', schema.format === 'uuid' || schema.format === 'date-time', () => 'yesterday');
  }
  if (type === 'integer' || type === 'number') {
    add('minimum', minimum !== undefined, () => minimum - 1);
    add('maximum', maximum !== undefined, () => maximum + 1);
    add('integer', type === 'integer', () => 1.5);
  }
  if (type === 'array') {
    add('minItems', minItems > 0, () => []);
    add('maxItems', maxItems !== undefined && maxItems < 2_000, () => Array.from({ length: maxItems + 1 }, () => 'x'));
  }
  if (type === 'object') {
    add('minProperties', minProperties > 0, () => ({}));
    add('additionalProperties', schema.additionalProperties === false, () => ({ nobody_knows: 1 }));
    for (const name of schema.required ?? []) add(`required ${name}`, true, () => ({}));
    for (const [name, property] of Object.entries<JsonSchema>(schema.properties ?? {}))
      for (const [keyword, value] of outside(resolve(property), resolve)) found.push([`${name} ${keyword}`, { [name]: value }]);
  }
  return found;
}
