import type { Scope } from '../../http/scope.ts';

/** Workers close their connections to earlier versions of the configuration. */
export const invalidateCache = ({ app, accountId, afterCommit }: Scope) =>
  afterCommit(() => app.cacheInvalidation.invalidate('mcp_configs', accountId));
