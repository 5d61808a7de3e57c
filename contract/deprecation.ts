import type { z } from 'zod';

/** Dates have the form `2026-07-01`. */
export type Deprecation = {
  /** The first day on which new clients should not use it. */
  since: `${number}-${number}-${number}`;
  /** The last day on which it works. `npm run check:breaking` requires at least `minDeprecationDays` after `since`. */
  sunset: `${number}-${number}-${number}`;
  /** What to use instead, as in `` `POST /v1/runs` ``. */
  use: string;
};

/** Half a year. */
export const minDeprecationDays = 180;

/** The guide that the `Link` header names. */
const guide = '/docs/guides/compatibility';

/** Deprecates a field or a query parameter: `deprecated(z.string().optional(), { since: …, sunset: …, use: '`title`' })`. */
export const deprecated = <T extends z.ZodType>(schema: T, deprecation: Deprecation): T =>
  schema.meta({ ...schema.meta(), ...deprecationKeywords(deprecation) });

/** The keywords of an operation, a parameter or a schema in the OpenAPI document. `x-sunset` is the extension that oasdiff reads as well. */
export const deprecationKeywords = ({ since, sunset, use }: Deprecation) => ({
  deprecated: true,
  'x-deprecated-since': since,
  'x-sunset': sunset,
  'x-deprecated-use': use,
});

/** The reverse of `deprecationKeywords`. */
export function deprecationIn(keywords: object | undefined): Deprecation | undefined {
  const { deprecated: isDeprecated, ...rest } = (keywords ?? {}) as Partial<ReturnType<typeof deprecationKeywords>>;
  const [since, sunset, use] = [rest['x-deprecated-since'], rest['x-sunset'], rest['x-deprecated-use']];
  return isDeprecated && since && sunset && use ? { since, sunset, use } : undefined;
}

export const describeDeprecation = ({ since, sunset, use }: Deprecation) =>
  `Deprecated since ${since}; can be removed after ${sunset}. Use ${use} instead.`;

/** `Deprecation` (RFC 9745), `Sunset` (RFC 8594), and links to the guide. The sunset is the end of its day. */
export const deprecationHeaders = ({ since, sunset }: Deprecation): Record<'deprecation' | 'sunset' | 'link', string> => ({
  deprecation: `@${Date.parse(`${since}T00:00:00Z`) / 1_000}`,
  sunset: new Date(`${sunset}T23:59:59Z`).toUTCString(),
  link: `<${guide}>; rel="deprecation"; type="text/html", <${guide}>; rel="sunset"; type="text/html"`,
});
