/**
 * Replaces values that differ between recordings (ids, tokens, times, names) by constant ones. Use one instance for everything that is
 * shown together.
 */
export function createStabilizer(now = Date.now()): <T>(value: T) => T {
  const known = new Map<string, string>();
  const counts = new Map<string, number>();
  const numbered = (kind: string, text: string, make: (count: number) => string) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    known.set(text, make(count));
    return known.get(text)!;
  };

  const replace = (text: string) =>
    rules.reduce(
      (so, { kind, pattern, make }) => so.replace(pattern, (match) => numbered(kind, match, (count) => make(count, match))),
      text.replace(instant, (match) => stableTime(match, now)),
    );

  const stable = (value: unknown, name = ''): unknown => {
    // ECDSA writes 70 to 72 bytes.
    if (typeof value === 'string' && name === 'signature') return masked('a'.repeat(96));
    if (typeof value === 'string')
      return name === 'masked_email'
        ? 'a***a@example.test'
        : occurrence.test(name)
          ? stableOccurrence(value, now)
          : (secret.test(name) ||
                ((name === 'state' || name === 'id') && value.length === 43) ||
                (name === 'id' && /^[\w-]{22}$/.test(value))) &&
              !named.test(value) &&
              !value.startsWith('eyJ')
            ? masked(replace(value))
            : replace(value);
    if (typeof value === 'number') return stableNumber(name, value);
    if (Array.isArray(value)) return value.map((each) => stable(each, name));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [replace(key), stable(inner, key)]));
  };
  return <T>(value: T) => stable(value) as T;
}

type Rule = { kind: string; pattern: RegExp; make: (count: number, match: string) => string };
const digits = (count: number, length: number) => String(count).padStart(length, '0');
const people = ['ada', 'ben', 'cleo', 'dan', 'eva', 'fay', 'gus', 'hal'];

const rules: Rule[] = [
  {
    kind: 'id',
    pattern: /(?<![0-9a-z])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g,
    make: (count) => `0198c2f4-7a10-7c3e-8d5b-${digits(count, 12)}`,
  },
  {
    kind: 'jwt',
    pattern: /\beyJ[\w-]+\.[\w-]+\.[\w-]+/g,
    make: () => 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJleGFtcGxlIn0.ZXhhbXBsZS1zaWduYXR1cmU',
  },
  { kind: 'client data', pattern: /\beyJ0eXBlIjoid2ViYXV0aG4[\w-]+/g, make: (_, match) => stableClientData(match) },
  // 32 random bytes in base64url.
  { kind: 'random', pattern: /(?<![\w-])(?=[\w-]*[a-z])(?=[\w-]*[A-Z])(?=[\w-]*\d)[\w-]{43}(?![\w-])/g, make: (_, match) => masked(match) },
  { kind: 'digest', pattern: /\b[0-9a-f]{64}\b/g, make: (count) => digits(count, 8).repeat(8) },
  { kind: 'trace', pattern: /(?<![0-9a-z])[0-9a-f]{32}\b/g, make: () => '4bf92f3577b34da6a3ce929d0e0e4736' },
  { kind: 'sample', pattern: /\bsample-[0-9a-f]{12}\b/gi, make: (count, match) => `${match.slice(0, 6)}-${count}` },
  { kind: 'person', pattern: /\buser-[0-9a-f]{12}\b/g, make: (count) => people[count - 1] ?? `user-${count}` },
  { kind: 'slug', pattern: /\bpersonal-[0-9a-f]{12}\b/g, make: (count) => `personal-${digits(count, 12)}` },
  { kind: 'share', pattern: /(?<=\/s\/)[\w-]{20,}/g, make: (_, match) => masked(match) },
  {
    kind: 'authorization',
    pattern: /\bhttp:\/\/127\.0\.0\.1:\d+\/authorize\?[^\s"]+/g,
    make: () => 'https://auth.example.test/authorize?response_type=code&client_id=sample&state=sample',
  },
  { kind: 'otpauth', pattern: /(?<=[?&]secret=)[A-Z2-7]{16,}/g, make: (_, match) => masked(match) },
  {
    kind: 'recovery code',
    pattern: /\b[A-Z2-9]{4}(?:-[A-Z2-9]{4}){3}\b/g,
    make: (count) => `ABCD-EFGH-JKLM-NPQ${'RSTUVWXYZ23456789'[count % 17]}`,
  },
  { kind: 'loopback', pattern: /\b127\.0\.0\.1:\d+/g, make: () => '127.0.0.1:19001' },
  { kind: 'address', pattern: /2001:db8::[0-9a-f]+:[0-9a-f]+/g, make: (count) => `2001:db8::1:${count}` },
  { kind: 'key', pattern: /\b(als?|whsec)_[\w+/=-]{3,}/g, make: (_, match) => masked(match) },
];

const instant = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g;
const anchor = Date.parse('2026-01-15T12:00:00.000Z');

/** Moves a time to the same distance from a fixed date, rounded to hours. Midnights and times more than 400 days away stay unchanged. */
function stableTime(text: string, now: number): string {
  const time = Date.parse(text);
  if (text.endsWith('T00:00:00.000Z') || Math.abs(time - now) > 400 * 86_400_000) return text;
  return new Date(anchor + Math.round((time - now) / 3_600_000) * 3_600_000).toISOString();
}

/** The time of day of a schedule stays; the first one is on the day after the fixed date. */
function stableOccurrence(text: string, now: number): string {
  const time = Date.parse(text);
  const day = anchor + Math.floor((time - now) / 86_400_000 + 1) * 86_400_000;
  return new Date(day).toISOString().slice(0, 10) + new Date(time).toISOString().slice(10);
}

/** The JSON that a browser signs (WebAuthn), with a constant challenge. */
const stableClientData = (text: string) => {
  const data = JSON.parse(Buffer.from(text, 'base64url').toString()) as { challenge: string };
  return Buffer.from(JSON.stringify({ ...data, challenge: masked(data.challenge) })).toString('base64url');
};

const stableNumber = (name: string, value: number) =>
  measured.test(name) ? 12 : name === 'mtime_unix_ms' ? anchor : name === 'created' ? anchor / 1_000 : value;

const secret =
  /^(otp|code|token|secret|flow_token|challenge_token|session_token|share_token|cursor|key_prefix|challenge|attestationObject|authenticatorData|rawId|userHandle)$/;
/** Values chosen by a test stay readable. */
const named = /^(sample|nonsense|no-such)/i;
const measured = /^(latency_ms|duration_ms|uptime)/;
const occurrence = /^(next_run_at|times)$/;

/** A placeholder of the same length. Keeps the prefix (`al_`, `whsec_`), dots and `=`. */
function masked(text: string): string {
  const prefix = /^(als?|whsec)_/.exec(text)?.[0] ?? '';
  const letters = /^\d+$/.test(text) ? '1234567890' : /^[0-9A-Z-]+$/.test(text) ? 'EXAMPLE2' : 'exampleToken0123456789';
  return (
    prefix +
    [...text.slice(prefix.length)].map((letter, index) => ('.='.includes(letter) ? letter : letters[index % letters.length])).join('')
  );
}
