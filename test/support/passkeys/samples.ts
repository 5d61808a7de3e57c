import type { Maker } from '../samples/context.ts';
import { createAuthenticator } from './authenticator.ts';
import { passkeyCalls } from './passkeyCalls.ts';

/** ID of a passkey of the maker, which no authenticator has. */
export async function passkeyOf({ app, by }: Maker): Promise<string> {
  const [{ id }] = await app.sql(
    `insert into passkeys (id, user_id, credential_id, public_key, name, backup_eligible, backed_up)
     values (gen_random_uuid(), $1, gen_random_uuid(), '', 'Laptop', true, true) returning id`,
    [by.id],
  );
  return id;
}

/** Where mail is delivered, only users with a verified address register passkeys. */
export async function verifiedUser({ signUp, sql }: Maker['app']) {
  const person = await signUp();
  await sql('update users set email_verified_at = now() where id = $1', [person.id]);
  return person;
}

/** The parts of a request of a new user, who has a passkey unless it is registered. */
export const passkeyRequests = {
  registrationOptions: async ({ app }: Pick<Maker, 'app'>) => {
    const person = await verifiedUser(app);
    return { token: person.token, body: { current_password: person.password } };
  },
  register: async ({ app }: Pick<Maker, 'app'>) => {
    const person = await app.signUp();
    const credential = createAuthenticator().create(await passkeyCalls(app).creationOptions(person));
    return { token: person.token, body: { name: 'Laptop', credential } };
  },
  signIn: async ({ app }: Pick<Maker, 'app'>) => {
    const { register, requestOptions } = passkeyCalls(app);
    const { authenticator } = await register(await app.signUp());
    return { body: { credential: authenticator.get(await requestOptions()) } };
  },
  confirmationOptions: async ({ app }: Pick<Maker, 'app'>) => {
    const person = await app.signUp();
    await passkeyCalls(app).register(person);
    return { token: person.token };
  },
  confirm: async ({ app }: Pick<Maker, 'app'>) => {
    const { register, post } = passkeyCalls(app);
    const person = await app.signUp();
    const { authenticator } = await register(person);
    const { body } = await post('/v1/me/confirmation/options', undefined, person.token);
    return { token: person.token, body: { credential: authenticator.get(body.public_key) } };
  },
};
