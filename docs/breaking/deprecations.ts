import { deprecationIn, minDeprecationDays } from '../../contract/deprecation.ts';
import type { ApiDocument, Json } from './document.ts';

const dayMs = 24 * 60 * 60 * 1_000;

/** Deprecations that are too short, or that the changelog does not mention in a line with the word "deprecated". */
export function deprecationProblems(document: ApiDocument, changelog: string): string[] {
  const entries = changelog.split(/\n(?=- )/).filter((entry) => /deprecated/i.test(entry));
  return deprecatedParts(document).flatMap(([name, part]) => {
    const deprecation = deprecationIn(part);
    if (!deprecation) return [`${name} is deprecated without dates: declare it with \`deprecated\` of the contract`];
    const { since, sunset } = deprecation;
    const isShort = Date.parse(sunset) - Date.parse(since) < minDeprecationDays * dayMs;
    return [
      ...(isShort ? [`${name} has its sunset less than ${minDeprecationDays} days after ${since}`] : []),
      ...(entries.some((entry) => entry.includes(`\`${name}\``)) ? [] : [`CHANGELOG.md has no line that says \`${name}\` is deprecated`]),
    ];
  });
}

/** Everything that is deprecated, by name: `GET /v1/runs`, `GET /v1/runs?status` or `Run.status`. */
function deprecatedParts({ paths, components }: ApiDocument): [name: string, part: Json][] {
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, operation]): [string, Json][] => {
      const name = `${method.toUpperCase()} ${path}`;
      const parameters: Json[] = operation.parameters ?? [];
      return [
        [name, operation],
        ...parameters.map((parameter): [string, Json] => [`${name}?${parameter.name}`, parameter]),
        ...fieldsIn(name, [operation.requestBody, operation.responses]),
      ];
    }),
  );
  const models = Object.entries<Json>(components?.schemas ?? {}).flatMap(([name, model]) => fieldsIn(name, model));
  return [...operations, ...models].filter(([, part]) => part?.deprecated === true);
}

function fieldsIn(name: string, value: Json): [name: string, part: Json][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries<Json>(value).flatMap(([key, inner]) => {
    if (key !== 'properties') return key === 'example' || key === 'examples' ? [] : fieldsIn(name, inner);
    return Object.entries<Json>(inner).flatMap(([field, schema]): [string, Json][] => [
      [`${name}.${field}`, schema],
      ...fieldsIn(`${name}.${field}`, schema),
    ]);
  });
}
