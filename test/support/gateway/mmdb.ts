type Value = string | boolean | number | { [key: string]: Value } | Value[];

/** Builds a small file in the MaxMind DB format (version 2.0) that maps IPv4 networks to records. */
export function buildMmdb(networks: Record<string, Value>, type = 'Test-City'): Buffer {
  const nodes: (number | undefined)[][] = [[undefined, undefined]];
  const data: Buffer[] = [];
  const leaves: { node: number; bit: number; at: number }[] = [];
  let length = 0;
  for (const [cidr, value] of Object.entries(networks)) {
    const [address = '', bits = '32'] = cidr.split('/');
    const path = address
      .split('.')
      .flatMap((part) => [...Number(part).toString(2).padStart(8, '0')].map(Number))
      .slice(0, Number(bits));
    const last = path.pop()!;
    let node = 0;
    for (const bit of path) {
      if (nodes[node]![bit] === undefined) nodes[node]![bit] = nodes.push([undefined, undefined]) - 1;
      node = nodes[node]![bit]!;
    }
    leaves.push({ node, bit: last, at: length });
    const encoded = encode(value);
    data.push(encoded);
    length += encoded.length;
  }
  for (const { node, bit, at } of leaves) nodes[node]![bit] = nodes.length + 16 + at;
  const tree = Buffer.alloc(nodes.length * 6);
  for (const [index, [left, right]] of nodes.entries()) {
    tree.writeUIntBE(left ?? nodes.length, index * 6, 3);
    tree.writeUIntBE(right ?? nodes.length, index * 6 + 3, 3);
  }
  const metadata = encode({
    node_count: nodes.length,
    record_size: 24,
    ip_version: 4,
    database_type: type,
    languages: ['en'],
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1,
    description: { en: 'test' },
  });
  return Buffer.concat([tree, Buffer.alloc(16), ...data, Buffer.from('abcdef', 'hex'), Buffer.from('MaxMind.com'), metadata]);
}

function encode(value: Value): Buffer {
  if (typeof value === 'string') return Buffer.concat([head(2, Buffer.byteLength(value)), Buffer.from(value)]);
  if (typeof value === 'boolean') return head(14, Number(value));
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return Buffer.concat([head(6, 4), bytes]);
  }
  if (Array.isArray(value)) return Buffer.concat([head(11, value.length), ...value.map(encode)]);
  const entries = Object.entries(value);
  return Buffer.concat([head(7, entries.length), ...entries.flatMap(([key, each]) => [encode(key), encode(each)])]);
}

/** Type and size of a field; types above 7 take a second byte, sizes from 29 on another. */
function head(type: number, size: number): Buffer {
  const small = Math.min(size, 29);
  const bytes = type > 7 ? [small, type - 7] : [(type << 5) | small];
  return Buffer.from(size < 29 ? bytes : [...bytes, size - 29]);
}
