/** Who owns the providers of a scope: the account, or null for the platform. */
export const ownerOf = (accountId: string, scope: unknown): string | null => (scope === 'platform' ? null : accountId);

/** What the key of a provider is sealed for, so that it opens in no other row. */
export const sealedFor = ({ id, account_id: owner }: { id: string; account_id: string | null }): string =>
  `llm_provider:${id}:${owner ?? 'platform'}`;
