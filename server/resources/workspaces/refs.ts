import { sha256 } from '../../platform/crypto/ids.ts';

const hashedRef = (prefix: string, parts: readonly string[]) => `${prefix}_${sha256(parts.join('|')).slice(0, 32)}`;

/** The name of a user's workspace in a project. Derived from account, user and project, so that it is unique to them. */
export const workspaceRef = (accountId: string, userId: string, projectId: string): string =>
  hashedRef('wsref', ['workspace', accountId, hashedRef('pref', ['profile', accountId, userId]), 'project', projectId]);
