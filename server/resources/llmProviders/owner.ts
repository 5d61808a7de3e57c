/** The owner of the providers of a scope: the account, or null for the platform. */
export const ownerOf = (accountId: string, scope: unknown): string | null => (scope === 'platform' ? null : accountId);

/** Authenticated with the sealed key, so that the key cannot be opened in another row. */
export const sealContextOf = ({ id, account_id: owner }: { id: string; account_id: string | null }): string =>
  `llm_provider:${id}:${owner ?? 'platform'}`;
