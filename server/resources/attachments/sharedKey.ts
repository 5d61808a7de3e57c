// The key of an attachment names its account. A share does not: there the word `shared` stands in that place.

/** A key as a share publishes it. */
export const publicKey = (key: string): string => key.replace(/^attachments\/[^/]+\//, 'attachments/shared/');

/** The key that was published so by a share of an account; any other key is itself. */
export const privateKey = (key: string, accountId: string): string => key.replace(/^attachments\/shared\//, `attachments/${accountId}/`);
