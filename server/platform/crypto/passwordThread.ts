import { hashSync, type Options, verifySync } from '@node-rs/argon2';

/** Runs in a thread of the pool of `passwords.ts`. */
export const hash = ({ password, options }: { password: string; options: Options }): string => hashSync(password, options);

export const verify = ({ hash: expected, password }: { hash: string; password: string }): boolean => verifySync(expected, password);
