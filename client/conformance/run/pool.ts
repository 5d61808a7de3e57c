import type { Call } from '../call.ts';
import { KitError, logIn, type Person, register } from '../people.ts';
import { UncheckedReason } from '../samples/fixtures.ts';

const poolSize = 3;

/** Users that the kit registers besides the caller. A server limits registrations, so those that a check leaves unchanged are shared. */
export function openPool(call: Call) {
  const shared: Person[] = [];
  let borrowed = 0;
  const registerUser = (): Promise<Person> =>
    register(call).catch((error: Error) => {
      throw error instanceof KitError ? new UncheckedReason(error.message) : error;
    });
  return {
    registerUser,
    /** A shared user with a session of their own. */
    async borrowUser(): Promise<Person> {
      const at = borrowed++ % poolSize;
      const known = shared[at];
      const again = known && (await logIn(call, known.login, known.password).catch(() => undefined));
      const person = again ? { ...again, email: known.email } : await registerUser();
      shared[at] = person;
      return person;
    },
  };
}
