import { errorStatusesOf } from '../../contract/shared/policy.ts';
import type { Contract } from '../../contract/shared/route.ts';
import { orderedAreasOf } from '../openapi/descriptions.ts';
import { operationIdOf } from '../openapi/operation.ts';
import { reasonsOf } from '../openapi/reasons.ts';

/** The error statuses of each operation and their reasons, as types of the published client. */
export function reasonsFile(contract: Contract): string {
  const lines = orderedAreasOf(contract).flatMap(([area, resource]) =>
    Object.entries(resource).map(([verb, route]) => {
      const statuses = errorStatusesOf(route).map((status) => {
        const reasons = reasonsOf(operationIdOf(area, verb), route, status).map((reason) => `'${reason}'`);
        return `${status}: ${reasons.join(' | ') || 'never'}`;
      });
      return `  '${area}.${verb}': { ${statuses.join('; ')} };`;
    }),
  );
  return `// Generated from the contract by docs/generate.ts. Do not edit.

/** The values of \`reason\` that an operation can return, by status. */
export interface Reasons {
${lines.join('\n')}
}
`;
}
