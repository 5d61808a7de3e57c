import { isIdempotent, refusalsOf } from '../contract/shared/policy.ts';
import { type Answer, type Contract, hasBytes, isForm, type Route, streamOf } from '../contract/shared/route.ts';
import { createComponents } from './components.ts';
import { areasOf } from './prose.ts';

const heading = `// Generated from the contract by docs/generate.ts. Do not edit.
import type { RouteTable } from '../call.ts';`;

/** What the published client knows of each route at run time. */
export function routesFile(contract: Contract): string {
  const areas = areasOf(contract).map(([area, resource]) => {
    const rows = Object.entries(resource).map(([verb, route]) => `    ${verb}: ${print(rowOf(route))},`);
    return `  ${area}: {\n${rows.join('\n')}\n  },`;
  });
  return `${heading}\n\n/** How each call travels. */\nexport const routes = {\n${areas.join('\n')}\n} as const satisfies RouteTable;\n`;
}

/** One row; a mark that does not hold is left out. */
export function rowOf(route: Route) {
  const { method, path, metadata } = route;
  const idempotent = isIdempotent(route);
  const stream = streamOf(route);
  return {
    method,
    path,
    auth: metadata.auth,
    ...(idempotent && { idempotent }),
    ...((idempotent || ['GET', 'PUT', 'DELETE'].includes(method)) && { retryable: true }),
    ...(metadata.pages && { paged: metadata.pages === 'cursor' ? true : 'within' }),
    ...(metadata.origin && { cookie: true }),
    ...(grantsToken(route) && { grants: true }),
    ...(hasBytes(route) && { bytes: true }),
    ...(isForm(route) && { form: true }),
    ...(stream && { last: stream.last }),
    ...(503 in route.responses && { answers: [503] }),
    refusals: refusalsOf(route),
  };
}

/** Whether a success carries an access token for the client to keep. */
const grantsToken = (route: Route) =>
  Object.values(route.responses as Record<string, Answer>).some((answer) => {
    if (answer === null || 'last' in answer || 'bytes' in answer) return false;
    const components = createComponents();
    const { $ref, properties = {} } = components.schemaOf(answer, 'output') as { $ref?: string; properties?: object };
    return 'access_token' in (components.models.get($ref?.split('/').at(-1) ?? '')?.properties ?? properties);
  });

const print = (value: object): string =>
  `{ ${Object.entries(value)
    .map(([name, part]) => `${name}: ${Array.isArray(part) ? `[${part.map(printScalar).join(', ')}]` : printScalar(part)}`)
    .join(', ')} }`;

const printScalar = (value: unknown) => (typeof value === 'string' ? `'${value}'` : String(value));
