import { type Operation, operations } from '../../../client/conformance/operations.ts';
import type { Route } from '../../../contract/shared/route.ts';

export {
  auditOf,
  firstRequiredPermission,
  idParams,
  isAccountIndependent,
  isProtected,
  namesAccount,
  type Operation,
  operations,
} from '../../../client/conformance/operations.ts';

/** Operations whose route satisfies a condition, as rows for `test.for` with the title first. */
export const operationRows = (fits: (route: Route) => boolean): [string, Operation][] =>
  operations.filter(({ route }) => fits(route)).map((operation) => [operation.title, operation]);
