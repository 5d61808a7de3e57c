import type { Person, TestApp } from '../app/testApp.ts';

/** Calls for redemption codes, by a platform admin and by users who redeem them. */
export function redemptionCalls({ call, sql }: Pick<TestApp, 'call' | 'sql'>, admin: Person) {
  const { token } = admin;
  const issue = (body: object, headers = {}) =>
    call('POST', '/v1/admin/redemption-codes/batch', { token, body: { count: 1, type: 'credits', value: '100', ...body }, headers });
  return {
    issue,
    issueOne: async (body: object = {}) => (await issue(body)).body[0],
    list: (query = '') => call('GET', `/v1/admin/redemption-codes${query}`, { token }),
    change: (id: string, body: unknown) => call('PATCH', `/v1/admin/redemption-codes/${id}`, { token, body }),
    redeem: (person: Person, code: string) => call('POST', '/v1/me/redeem', { token: person.token, body: { code } }),
    uses: async (id: string) => (await sql('select use_count from redemption_codes where id = $1', [id]))[0].use_count as number,
  };
}

export const codesIn = ({ body }: { body: { code: string }[] }) => body.map(({ code }) => code);
