/** A text to search, and the output that it comes from. */
export type RecordedText = { place: string; text: string };

type SearchedText = RecordedText & { lower: string };

/** A secret value and the places where it may appear. */
export type Secret = { name: string; value: string; shownIn: Set<string> };

/** A secret in a place where it must not appear. */
type Leak = { secret: string; place: string; form: string; around: string };

const lessPadding = (text: string) => text.replaceAll('=', '');

/** The base64 digits that depend on the value alone, if it follows 0, 1 or 2 other bytes. */
function insideBase64(value: string): string[] {
  const bytes = Buffer.from(value);
  return [0, 1, 2].map((before) => {
    const digits = lessPadding(Buffer.concat([Buffer.alloc(before), bytes]).toString('base64'));
    const whole = Math.floor(((before + bytes.length) * 8) / 6);
    return digits.slice(Math.ceil((before * 8) / 6), whole);
  });
}

/**
 * All encodings of a value to search for. For a value of 40 characters or more, the second half suffices: a leaked part is as bad as the
 * whole.
 */
export function encodingsOf(value: string): Map<string, string> {
  const part = value.length >= 40 ? value.slice(value.length / 2) : value;
  const forms = new Map<string, string>();
  const add = (form: string, text: string) => {
    if (![...forms.values()].includes(text)) forms.set(form, text);
  };
  add('raw', part);
  add('JSON', JSON.stringify(part).slice(1, -1));
  add('URL', encodeURIComponent(part));
  add('form', new URLSearchParams({ '': part }).toString().slice(1));
  add('hex', Buffer.from(part).toString('hex'));
  for (const [at, digits] of insideBase64(part).entries()) {
    add(`base64 +${at}`, digits);
    add(`base64url +${at}`, digits.replaceAll('+', '-').replaceAll('/', '_'));
  }
  return forms;
}

/** Every place that contains a secret. Hexadecimal digits match in either case. */
function places({ value }: Secret, traces: readonly SearchedText[]) {
  const forms = [...encodingsOf(value)];
  return traces.flatMap(({ place, text, lower }) => {
    const found = forms.find(([form, spelt]) => (form === 'hex' ? lower : text).includes(spelt));
    if (!found) return [];
    const [form, spelt] = found;
    const at = (form === 'hex' ? lower : text).indexOf(spelt);
    return [{ place, form, around: text.slice(Math.max(0, at - 80), at + spelt.length + 20) }];
  });
}

/**
 * `leaks`: secrets in places where they must not appear. `missed`: secrets not found where they must appear, which checks the search
 * itself.
 */
export function findLeaks(secrets: readonly Secret[], traces: readonly RecordedText[]) {
  const leaks: Leak[] = [];
  const missed: { secret: string; place: string }[] = [];
  const searched = traces.map((trace) => ({ ...trace, lower: trace.text.toLowerCase() }));
  for (const secret of secrets) {
    const found = places(secret, searched);
    for (const { place, form, around } of found) if (!secret.shownIn.has(place)) leaks.push({ secret: secret.name, place, form, around });
    for (const place of secret.shownIn) if (!found.some((each) => each.place === place)) missed.push({ secret: secret.name, place });
  }
  return { leaks, missed };
}

/** Collects the secrets of a test. */
export function secretRegistry() {
  const secrets: Secret[] = [];
  return {
    secrets,
    /** Registers a value that may appear only in `shownIn`. Throws if it is shorter than 8 characters. */
    keep(name: string, value: unknown, ...shownIn: string[]): string {
      if (typeof value !== 'string' || value.length < 8) throw new Error(`${name} is no secret: ${JSON.stringify(value)}`);
      const known = secrets.find((each) => each.value === value);
      if (known) for (const place of shownIn) known.shownIn.add(place);
      else secrets.push({ name, value, shownIn: new Set(shownIn) });
      return value;
    },
  };
}
