/** Values that differ between test runs, and the format that they must have. */
const patterns: readonly [name: string, pattern: RegExp][] = [
  ['uuid', /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g],
  ['trace', /\b[0-9a-f]{32}\b/g],
  ['time', /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g],
  ['key', /\bal_[0-9A-Za-z]{4,32}\b/g],
  ['secret', /\bwhsec_[0-9A-Za-z+/]{4,43}(?:=|(?![0-9A-Za-z+/]))/g],
  ['jwt', /\beyJ[\w-]+\.[\w-]+\.[\w-]+/g],
  ['login', /\bada-\d+\b/g],
  ['number', /(?<="?(?:duration_ms|job_id|webhook-timestamp)"?:\s?"?)\d+/g],
];

/** Replaces every value that differs between runs by the name of its pattern. */
const common = (text: string) => patterns.reduce((rest, [name, pattern]) => rest.replace(pattern, `‹${name}›`), text);

/**
 * The first difference between a response and the documented one; undefined if they match. A string that ends with `…` matches as a prefix.
 */
export function differenceOf(shown: unknown, real: unknown, path = ''): string | undefined {
  if (typeof shown === 'string' && typeof real === 'string') return sameText(shown, real) ? undefined : `${path}: ${shown} is ${real}`;
  if (kind(shown) !== kind(real)) return `${path}: ${kind(shown)} is ${kind(real)}`;
  if (typeof shown !== 'object' || shown === null)
    return shown === real || path.endsWith('_ms') ? undefined : `${path}: ${String(shown)} is ${String(real)}`;
  const [left, right] = [shown as Record<string, unknown>, real as Record<string, unknown>];
  if (Object.keys(left).join() !== Object.keys(right).join()) return `${path}: has ${Object.keys(left)}, is ${Object.keys(right)}`;
  for (const key of Object.keys(left)) {
    const difference = differenceOf(left[key], right[key], `${path}/${key}`);
    if (difference) return difference;
  }
  return undefined;
}

const kind = (value: unknown) => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value);

function sameText(shown: string, real: string) {
  if (!shown.endsWith('…')) return common(shown) === common(real);
  return common(real).startsWith(common(shown.slice(0, -1))) || real.startsWith(shown.slice(0, -1));
}

/** The lines of `shown` that `real` does not contain in this order. A line `…` matches any number of lines. */
export function missingLines(shown: string, real: string): string[] {
  const lines = real.split('\n').map((line) => line.trimEnd());
  const missing: string[] = [];
  let at = 0;
  let gap = false;
  for (const line of shown.trimEnd().split('\n')) {
    if (line === '…') {
      gap = true;
      continue;
    }
    const found = lines.findIndex((each, index) => index >= at && sameText(line, each));
    if (found < 0 || (!gap && found !== at)) missing.push(line);
    else at = found + 1;
    gap = false;
  }
  return missing;
}

/** Like `differenceOf`, for a raw HTTP response: compares the status, the shown headers and the body. */
export function httpDifferenceOf(shown: string, real: string): string | undefined {
  const [wanted, got] = [shown, real.replaceAll('\r', '')].map((text) => {
    const [head = '', ...body] = text.trim().split('\n\n');
    const [status = '', ...headers] = head.split('\n');
    return { status, headers, body: body.join('\n\n') };
  });
  if (wanted!.status !== got!.status) return `${wanted!.status} is ${got!.status}`;
  const has = (line: string) => got!.headers.some((each) => sameText(line.toLowerCase(), each.toLowerCase()));
  const missing = wanted!.headers.filter((line) => line !== '…' && !has(line));
  if (missing.length > 0) return `no ${missing.join(', ')} in ${got!.headers.join(', ')}`;
  return wanted!.body === '' ? undefined : differenceOf(JSON.parse(wanted!.body), JSON.parse(got!.body));
}
