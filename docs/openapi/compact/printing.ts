/** Short lines make the compressed document larger: 140 by 2.5 %. */
const width = 400;

/** Prints JSON with an indentation of one space (two make the compressed document 4 % larger). Objects and arrays that fit into a line are printed on one line. */
export function printJson(value: unknown, indent = '', before = 0): string {
  const line = printLine(value);
  if (typeof value !== 'object' || value === null || line.length + indent.length + before < width) return line;
  const inner = `${indent} `;
  if (Array.isArray(value)) return `[\n${value.map((each) => `${inner}${printJson(each, inner)}`).join(',\n')}\n${indent}]`;
  const rows = entriesOf(value).map(([name, part]) => {
    const key = `${JSON.stringify(name)}: `;
    return `${inner}${key}${printJson(part, inner, key.length)}`;
  });
  return `{\n${rows.join(',\n')}\n${indent}}`;
}

function printLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(printLine).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = entriesOf(value);
  return entries.length === 0 ? '{}' : `{${entries.map(([name, part]) => `${JSON.stringify(name)}: ${printLine(part)}`).join(', ')}}`;
}

const entriesOf = (value: object) => Object.entries(value).filter(([, part]) => part !== undefined);
