export type Signing = { id: string };

/** The owner that a private key is sealed for. */
export const signingContext = (id: string) => `signing key ${id}`;
