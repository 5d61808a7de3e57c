import type { Person, TestApp } from '../app/testApp.ts';

export const base = '/v1/webhook-endpoints';
/** A valid body. */
export const usual = { url: 'https://hooks.example.com/in', events: ['run.completed'] };

/** Webhook endpoint calls. `appOf` is evaluated in each call, so that the test app may be started later. */
export function webhookCalls(appOf: () => TestApp) {
  const call: TestApp['call'] = (...args) => appOf().call(...args);
  const create = ({ token }: Person, body: object = usual, headers: Record<string, string> = {}) =>
    call('POST', base, { token, body, headers });
  return {
    create,
    made: async (person: Person, body: object = {}) => (await create(person, { ...usual, ...body })).body,
    change: ({ token }: Person, id: string, body: unknown) => call('PATCH', `${base}/${id}`, { token, body }),
    read: ({ token }: Person, path = '') => call('GET', base + path, { token }),
    entries: (targetId: string) =>
      appOf().sql('select action, actor_user_id, metadata from audit_logs where target_type = $1 and target_id = $2 order by id', [
        'webhook_endpoint',
        targetId,
      ]),
  };
}
