// An attachment key contains the account id. A share does not reveal it and uses the word `shared` instead.

/** The key as a share publishes it. */
export const toSharedKey = (key: string): string => key.replace(/^attachments\/[^/]+\//, 'attachments/shared/');

/** Reverses `toSharedKey`. Other keys are returned unchanged. */
export const fromSharedKey = (key: string, accountId: string): string => key.replace(/^attachments\/shared\//, `attachments/${accountId}/`);
