import type { Person, World } from './world.ts';

/** Where endpoints are. */
export const base = '/v1/webhook-endpoints';
/** A good one. */
export const usual = { url: 'https://hooks.example.com/in', events: ['run.completed'] };

/** What tests do with the webhook endpoints of a world that is there by then. */
export function webhookCalls(worldOf: () => World) {
  const call: World['call'] = (...args) => worldOf().call(...args);
  const create = ({ token }: Person, body: object = usual, headers: Record<string, string> = {}) =>
    call('POST', base, { token, body, headers });
  return {
    create,
    made: async (person: Person, body: object = {}) => (await create(person, { ...usual, ...body })).body,
    change: ({ token }: Person, id: string, body: unknown) => call('PATCH', `${base}/${id}`, { token, body }),
    read: ({ token }: Person, path = '') => call('GET', base + path, { token }),
    entries: (targetId: string) =>
      worldOf().sql('select action, actor_user_id, metadata from audit_logs where target_type = $1 and target_id = $2 order by id', [
        'webhook_endpoint',
        targetId,
      ]),
  };
}
