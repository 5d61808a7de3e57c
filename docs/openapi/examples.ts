import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** A request and its responses, recorded from a running server by `npm run record`. */
export type Example = {
  params?: Record<string, string>;
  query?: Record<string, string>;
  body?: unknown;
  /** By status: bodies of success responses and errors, or names of errors in `shared-errors.json`. */
  answers: Record<string, unknown[]>;
};

/** An error that several operations return with the same body. */
export type ErrorExample = { status: number; body: unknown };

export type Examples = {
  of(area: string, verb: string): Example | undefined;
  readonly sharedErrors: Readonly<Record<string, ErrorExample>>;
  /** Errors that any operation returns during an outage. */
  readonly outages: Readonly<Record<string, ErrorExample>>;
  /** Webhook bodies by event type. */
  readonly webhooks: Readonly<Record<string, unknown>>;
};

/** Contains one file for each area, and the shared files. */
export const exampleFolder = new URL('../examples/', import.meta.url);
const shared: readonly string[] = ['shared-errors.json', 'outage-errors.json', 'webhooks.json'];

const read = (file: string) => {
  const url = new URL(file, exampleFolder);
  return existsSync(url) ? JSON.parse(readFileSync(url, 'utf8')) : {};
};

export function readExamples(): Examples {
  const files = existsSync(exampleFolder) ? readdirSync(exampleFolder) : [];
  const areas = files.filter((file) => !shared.includes(file));
  const all = new Map(areas.map((file) => [file.replace('.json', ''), read(file) as Record<string, Example>]));
  return {
    of: (area, verb) => all.get(area)?.[verb],
    sharedErrors: read('shared-errors.json'),
    outages: read('outage-errors.json'),
    webhooks: read('webhooks.json'),
  };
}
