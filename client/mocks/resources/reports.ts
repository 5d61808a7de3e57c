import type { reports as routes } from '../../../contract/reports.ts';
import { type RouteHandlers, untypedContext } from '../context.ts';
import { createResource } from '../factory.ts';
import { resourceType } from '../resourceTypes.ts';

const reportKind = resourceType('/v1/admin/reports');

/** Reports belong to the platform. */
export const reports: RouteHandlers<typeof routes> = {
  create: (context) => {
    const value = createResource(reportKind.model, untypedContext(context));
    context.engine.state.add(reportKind, { owner: 'platform', parents: {}, value });
    return { status: 201, body: value as { id: string; created_at: string } };
  },
};
