import { codeFor } from './mail.ts';
import type { Answer, Person, World } from './world.ts';

/** Proofs of an address, and what the API shows of them. */
export function proofCalls(world: Pick<World, 'call' | 'sql'>) {
  const post = (path: string, body: unknown, options: Parameters<World['call']>[2] = {}) => world.call('POST', path, { body, ...options });
  return {
    post,
    async byCode({ email }: Pick<Person, 'email'>): Promise<Answer> {
      await post('/v1/auth/email/otp/send', { email });
      return post('/v1/auth/email/otp/verify', { email, otp: await codeFor(world, email) });
    },
    works: async (token: string) => (await world.call('GET', '/v1/threads', { token })).status,
    noticesOf: async (token: string) => (await world.call('GET', '/v1/notifications?type=user.access_reset', { token })).body.data,
  };
}
