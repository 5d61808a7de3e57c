/** Loaded with the first passkey: it takes 0.2 s, and many installations have none. */
export const webAuthn = () => import('@simplewebauthn/server');
