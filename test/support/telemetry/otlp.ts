/**
 * Reads the messages of OTLP 1.x (`opentelemetry/proto/{trace,metrics,logs,common}/v1`) from protobuf. Field numbers are those of the definitions;
 * an unknown field fails, so that a change of the exporters is noticed.
 */
type Kind = 'string' | 'hex' | 'bool' | 'int' | 'double' | 'fixed64' | 'fixed32' | 'packed64' | 'packedDouble';
type Field = { name: string; kind: Kind | (() => Message); list?: true };
type Message = { [number: number]: Field };

const one = (name: string, kind: Field['kind']): Field => ({ name, kind });
const many = (name: string, kind: Field['kind']): Field => ({ name, kind, list: true });

const anyValue = (): Message => ({
  1: one('string', 'string'),
  2: one('bool', 'bool'),
  3: one('int', 'int'),
  4: one('double', 'double'),
  5: one('array', () => ({ 1: many('values', anyValue) })),
  6: one('object', () => ({ 1: many('values', keyValue) })),
});
const keyValue = (): Message => ({ 1: one('key', 'string'), 2: one('value', anyValue) });
const attributes = many('attributes', keyValue);
const resource = one('resource', () => ({ 1: attributes, 2: one('dropped', 'int') }));
const scope = one('scope', () => ({ 1: one('name', 'string'), 2: one('version', 'string') }));

const span = (): Message => ({
  1: one('traceId', 'hex'),
  2: one('spanId', 'hex'),
  3: one('traceState', 'string'),
  4: one('parentSpanId', 'hex'),
  5: one('name', 'string'),
  6: one('kind', 'int'),
  7: one('start', 'fixed64'),
  8: one('end', 'fixed64'),
  9: attributes,
  10: one('droppedAttributes', 'int'),
  12: one('droppedEvents', 'int'),
  14: one('droppedLinks', 'int'),
  15: one('status', () => ({ 2: one('message', 'string'), 3: one('code', 'int') })),
  16: one('flags', 'fixed32'),
});
const logRecord = (): Message => ({
  1: one('time', 'fixed64'),
  2: one('severity', 'int'),
  3: one('severityText', 'string'),
  5: one('body', anyValue),
  6: attributes,
  7: one('droppedAttributes', 'int'),
  8: one('flags', 'fixed32'),
  9: one('traceId', 'hex'),
  10: one('spanId', 'hex'),
  11: one('observed', 'fixed64'),
});
const times = { 2: one('start', 'fixed64'), 3: one('time', 'fixed64') };
const numberPoint = (): Message => ({ ...times, 4: one('double', 'double'), 6: one('int', 'fixed64'), 7: attributes });
const histogramPoint = (): Message => ({
  ...times,
  4: one('count', 'fixed64'),
  5: one('sum', 'double'),
  6: one('counts', 'packed64'),
  7: one('bounds', 'packedDouble'),
  9: attributes,
  11: one('min', 'double'),
  12: one('max', 'double'),
});
const temporality = one('temporality', 'int');
const metric = (): Message => ({
  1: one('name', 'string'),
  2: one('description', 'string'),
  3: one('unit', 'string'),
  5: one('gauge', () => ({ 1: many('points', numberPoint) })),
  7: one('sum', () => ({ 1: many('points', numberPoint), 2: temporality, 3: one('isMonotonic', 'bool') })),
  9: one('histogram', () => ({ 1: many('points', histogramPoint), 2: temporality })),
});

const request = (item: () => Message): Message => ({
  1: many('resources', () => ({
    1: resource,
    2: many('scopes', () => ({ 1: scope, 2: many('items', item), 3: one('schemaUrl', 'string') })),
    3: one('schemaUrl', 'string'),
  })),
});

const requests = { '/v1/traces': request(span), '/v1/logs': request(logRecord), '/v1/metrics': request(metric) };
export type OtlpPath = keyof typeof requests;

export type Item = Record<string, any> & { resource: Record<string, unknown> };

/** The spans, metrics or log records of a request, each with the attributes of its resource. */
export const itemsIn = (path: OtlpPath, body: Uint8Array): Item[] =>
  (decode(body, requests[path]).resources ?? []).flatMap(({ resource: owner, scopes = [] }: any) =>
    scopes.flatMap(({ items = [] }: any) => items.map((item: object) => ({ ...item, resource: owner.attributes }))),
  );

function decode(body: Uint8Array, message: Message): any {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const result: Record<string, any> = {};
  let at = 0;
  const varint = () => {
    let [value, shift] = [0n, 0n];
    for (;;) {
      const byte = bytes[at++]!;
      value |= BigInt(byte & 127) << shift;
      shift += 7n;
      if (byte < 128) return value;
    }
  };
  const take = (length: number) => bytes.subarray(at, (at += length));
  const readers = [() => Number(BigInt.asIntN(64, varint())), () => take(8), () => take(Number(varint()))];
  while (at < bytes.length) {
    const tag = Number(varint());
    const [number, wire] = [tag >> 3, tag & 7];
    const field = message[number];
    if (!field) throw new Error(`a message has the unknown field ${number}`);
    const raw = wire === 5 ? take(4) : readers[wire]!();
    const value = typeof field.kind === 'function' ? decode(raw as Buffer, field.kind()) : scalar(field.kind, raw);
    if (field.list) (result[field.name] ??= []).push(value);
    else result[field.name] = value;
  }
  return simplified(result);
}

const words = (raw: Buffer) => Array.from({ length: raw.length / 8 }, (_, index) => index * 8);

function scalar(kind: Kind, raw: number | Buffer) {
  if (typeof raw === 'number') return kind === 'bool' ? raw === 1 : raw;
  if (kind === 'string') return raw.toString('utf8');
  if (kind === 'hex') return raw.toString('hex');
  if (kind === 'double') return raw.readDoubleLE();
  if (kind === 'fixed32') return raw.readUInt32LE();
  if (kind === 'packed64') return words(raw).map((at) => Number(raw.readBigUInt64LE(at)));
  if (kind === 'packedDouble') return words(raw).map((at) => raw.readDoubleLE(at));
  return Number(raw.readBigUInt64LE());
}

/** Attributes as an object. */
function simplified(message: Record<string, any>) {
  if (!message.attributes) return message;
  return { ...message, attributes: Object.fromEntries(message.attributes.map(({ key, value }: any) => [key, valueOf(value)])) };
}

function valueOf(value: any = {}): unknown {
  if (value.array) return (value.array.values ?? []).map(valueOf);
  if (value.object) return Object.fromEntries((value.object.values ?? []).map(({ key, value: inner }: any) => [key, valueOf(inner)]));
  return Object.values(value)[0];
}
