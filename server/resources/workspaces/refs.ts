import { sha256 } from '../../kernel/ids.ts';

const brief = (prefix: string, parts: readonly string[]) => `${prefix}_${sha256(parts.join('|')).slice(0, 32)}`;

/** The name of a user's workspace in a project (specification, identity 8.2): derived, so that nobody else's can have it. */
export const workspaceRef = (accountId: string, userId: string, projectId: string): string =>
  brief('wsref', ['workspace', accountId, brief('pref', ['profile', accountId, userId]), 'project', projectId]);
