/** A text that something wrote, and where. */
export type Trace = { place: string; text: string };

/** Something that nobody else may learn, with the places where it is meant to be seen. */
export type Secret = { name: string; value: string; shownIn: Set<string> };

/** A secret in a place where it has no business. */
export type Leak = { secret: string; place: string; form: string; around: string };

const lessPadding = (text: string) => text.replaceAll('=', '');

/** What is left of a text in base64 when it stands behind 0, 1 or 2 other bytes and before anything: the digits that depend on it alone. */
function insideBase64(value: string): string[] {
  const bytes = Buffer.from(value);
  return [0, 1, 2].map((before) => {
    const digits = lessPadding(Buffer.concat([Buffer.alloc(before), bytes]).toString('base64'));
    const whole = Math.floor(((before + bytes.length) * 8) / 6);
    return digits.slice(Math.ceil((before * 8) / 6), whole);
  });
}

/** Every spelling under which a value is looked for. Of a long value the second half is enough: a part is as bad as the whole. */
export function formsOf(value: string): Map<string, string> {
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

/** Every place where a secret stands; hexadecimal digits count in either case. */
function places({ value }: Secret, traces: readonly Trace[]) {
  const forms = [...formsOf(value)];
  return traces.flatMap(({ place, text }) => {
    const lower = text.toLowerCase();
    const found = forms.find(([form, spelt]) => (form === 'hex' ? lower : text).includes(spelt));
    if (!found) return [];
    const [form, spelt] = found;
    const at = (form === 'hex' ? lower : text).indexOf(spelt);
    return [{ place, form, around: text.slice(Math.max(0, at - 80), at + spelt.length + 20) }];
  });
}

/** The secrets that stand where they should not, and those that were not found even where they should be. */
export function findLeaks(secrets: readonly Secret[], traces: readonly Trace[]) {
  const leaks: Leak[] = [];
  const missed: { secret: string; place: string }[] = [];
  for (const secret of secrets) {
    const found = places(secret, traces);
    for (const { place, form, around } of found) if (!secret.shownIn.has(place)) leaks.push({ secret: secret.name, place, form, around });
    for (const place of secret.shownIn) if (!found.some((each) => each.place === place)) missed.push({ secret: secret.name, place });
  }
  return { leaks, missed };
}

/** The secrets of a test, as they come to be known. */
export function secretBook() {
  const secrets: Secret[] = [];
  return {
    secrets,
    /** Keeps a value that may be seen only in the places named. */
    keep(name: string, value: unknown, ...shownIn: string[]): string {
      if (typeof value !== 'string' || value.length < 8) throw new Error(`${name} is no secret: ${JSON.stringify(value)}`);
      const known = secrets.find((each) => each.value === value);
      if (known) for (const place of shownIn) known.shownIn.add(place);
      else secrets.push({ name, value, shownIn: new Set(shownIn) });
      return value;
    },
  };
}
