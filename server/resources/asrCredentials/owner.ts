/** Authenticated with the sealed key, so that the key cannot be opened in another row. */
export const sealContextOf = ({ id, account_id: owner }: { id: string; account_id: string | null }): string =>
  `asr_credential:${id}:${owner ?? 'platform'}`;
