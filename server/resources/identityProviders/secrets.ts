/** Authenticated with the sealed client secret, so that it cannot be opened for another provider. */
export const secretContext = ({ id }: { id: string }): string => `identity_provider:${id}`;
