import { type Operation, operations } from '../../client/conformance/operations.ts';
import type { Route } from '../../contract/shared/route.ts';

export {
  auditOf,
  firstDemand,
  idParams,
  isOfUserAlone,
  isProtected,
  namesAccount,
  type Operation,
  operations,
} from '../../client/conformance/operations.ts';

/** The operations that satisfy a condition, ready for `test.for`: the title comes first. */
export const titled = (fits: (route: Route) => boolean): [string, Operation][] =>
  operations.filter(({ route }) => fits(route)).map((operation) => [operation.title, operation]);
