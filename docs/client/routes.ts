import { hasAccountInPath } from '../../contract/shared/input.ts';
import { errorStatusesOf, isIdempotent } from '../../contract/shared/policy.ts';
import { type Contract, eventStreamOf, isMultipart, type ResponseBody, returnsFile, type Route } from '../../contract/shared/route.ts';
import { createComponents } from '../openapi/components.ts';
import { orderedAreasOf } from '../openapi/descriptions.ts';

const heading = `// Generated from the contract by docs/generate.ts. Do not edit.
import type { RouteTable } from '../core/call.ts';`;

/** The route table that the published client uses at run time. */
export function routesFile(contract: Contract): string {
  const areas = orderedAreasOf(contract).map(([area, resource]) => {
    const rows = Object.entries(resource).map(([verb, route]) => `    ${verb}: ${print(routeRow(route))},`);
    return `  ${area}: {\n${rows.join('\n')}\n  },`;
  });
  return `${heading}\n\n/** The method, path and properties of each call. */\nexport const routes = {\n${areas.join('\n')}\n} as const satisfies RouteTable;\n`;
}

/** One row. Flags that are false are omitted. */
export function routeRow(route: Route) {
  const { method, path, metadata } = route;
  const idempotent = isIdempotent(route);
  const stream = eventStreamOf(route);
  return {
    method,
    path,
    auth: metadata.auth,
    ...(hasAccountInPath(route) && { namesAccount: true }),
    ...(idempotent && { idempotent }),
    ...(metadata.charged && { charged: true }),
    ...(metadata.answerMs && { answerMs: metadata.answerMs }),
    ...((idempotent || ['GET', 'PUT', 'DELETE'].includes(method)) && { retryable: true }),
    ...(metadata.pages && { paged: metadata.pages === 'cursor' ? true : 'within' }),
    // A route that accepts API keys has no session cookie.
    ...(metadata.origin && metadata.auth !== 'user+key' && { cookie: true }),
    ...(grantsToken(route) && { grants: true }),
    ...(metadata.audit?.[0] === 'user.logout' && { ends: true }),
    ...(returnsFile(route) && { bytes: true }),
    ...(isMultipart(route) && { form: true }),
    ...(stream && { finalTypes: stream.last }),
    ...(503 in route.responses && { answers: [503] }),
    errorStatuses: errorStatusesOf(route),
  };
}

/** Whether a success response contains an access token that the client must store. */
const grantsToken = (route: Route) =>
  Object.values(route.responses as Record<string, ResponseBody>).some((answer) => {
    if (answer === null || 'last' in answer || 'bytes' in answer || 'chunk' in answer) return false;
    const components = createComponents();
    const { $ref, properties = {} } = components.schemaOf(answer, 'output') as { $ref?: string; properties?: object };
    return 'access_token' in (components.models.get($ref?.split('/').at(-1) ?? '')?.properties ?? properties);
  });

const print = (value: object): string =>
  `{ ${Object.entries(value)
    .map(([name, part]) => `${name}: ${Array.isArray(part) ? `[${part.map(printScalar).join(', ')}]` : printScalar(part)}`)
    .join(', ')} }`;

const printScalar = (value: unknown) => (typeof value === 'string' ? `'${value}'` : String(value));
