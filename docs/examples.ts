import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** What was asked and answered once, and is shown to readers: recorded from a running server by `npm run record`. */
export type Example = {
  params?: Record<string, string>;
  query?: Record<string, string>;
  body?: unknown;
  /** By status: the body of a success if it has one; refusals as they were, or the name of one in `refusals.json`. */
  answers: Record<string, unknown[]>;
};

/** A refusal that many operations give word for word. */
export type Refusal = { status: number; body: unknown };

export type Examples = {
  of(area: string, verb: string): Example | undefined;
  readonly refusals: Readonly<Record<string, Refusal>>;
  /** What any operation answers when something is broken. */
  readonly faults: Readonly<Record<string, Refusal>>;
  /** What endpoints are sent, by the type of the event. */
  readonly webhooks: Readonly<Record<string, unknown>>;
};

/** Where the recordings lie: a file for each area, and those that are of none. */
export const exampleFolder = new URL('examples/', import.meta.url);
const shared: readonly string[] = ['refusals.json', 'faults.json', 'webhooks.json'];

const read = (file: string) => {
  const url = new URL(file, exampleFolder);
  return existsSync(url) ? JSON.parse(readFileSync(url, 'utf8')) : {};
};

/** The recordings. */
export function readExamples(): Examples {
  const files = existsSync(exampleFolder) ? readdirSync(exampleFolder) : [];
  const areas = files.filter((file) => !shared.includes(file));
  const all = new Map(areas.map((file) => [file.replace('.json', ''), read(file) as Record<string, Example>]));
  return {
    of: (area, verb) => all.get(area)?.[verb],
    refusals: read('refusals.json'),
    faults: read('faults.json'),
    webhooks: read('webhooks.json'),
  };
}
