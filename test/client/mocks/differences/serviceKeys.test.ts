import { expect, test } from 'vitest';
import { servicePermissions } from '../../../../contract/shared/permissions.ts';
import { sharedTestApp } from '../../../support/app/testApp.ts';
import { expectSameResponses, type Step } from './compare.ts';

const app = await sharedTestApp();

test('a service key is refused what the server refuses it', async () => {
  const key = (method: Step[1], path: string, body?: object): Step => ['key', method, path, body];
  const override = (of: string, setting: string): Step =>
    key('POST', '/v1/entitlement-overrides', { account_id: `{${of}_account}`, key: setting, value: 'x', value_type: 'string' });
  const outcomes = await expectSameResponses(app, [
    ['admin', 'POST', '/v1/admin/service-keys', { name: 'billing', scopes: servicePermissions }, 'key'],
    ['admin', 'POST', '/v1/admin/service-keys', { name: 'reader', scopes: ['platform.usage.read'] }, 'reader'],
    key('PATCH', '/v1/admin/users/{user_user}', { is_platform_admin: true }),
    key('PUT', '/v1/admin/email/config', { from: 'a@example.test' }),
    key('POST', '/v1/llm-providers', { scope: 'platform' }),
    key('GET', '/v1/threads'),
    key('GET', '/v1/me'),
    key('GET', '/v1/accounts/{user_account}'),
    key('GET', '/v1/accounts/{user_user}/usage'),
    key('POST', '/v1/admin/credits/reset-all', {}),
    ['reader', 'POST', '/v1/admin/credits/adjust', { account_id: '{user_account}', amount: 1 }],
    override('user', 'web_fetch.firecrawl_base_url'),
    override('user', 'web_search.of_a_later_version'),
    override('user', 'turnstile.secret_key'),
    override('user', 'sample.key'),
    override('missing', 'sample.key'),
    key('PATCH', '/v1/admin/accounts/{admin_account}', { status: 'suspended' }),
    ['admin', 'POST', '/v1/accounts', { slug: 'lab-of-an-admin', name: 'Lab' }, 'lab'],
    key('POST', '/v1/admin/accounts/{lab}/erasure', { slug: 'other' }),
    key('POST', '/v1/admin/accounts/{lab}/erasure', { slug: 'lab-of-an-admin' }),
    ['user', 'POST', '/v1/accounts', { slug: 'lab-of-a-user', name: 'Lab' }, 'customer'],
    key('POST', '/v1/admin/accounts/{customer}/erasure', { slug: 'lab-of-a-user' }),
    key('GET', '/v1/admin/erasures?limit=1'),
    key('POST', '/v1/admin/users/{user_user}/erasure', {}),
  ]);
  expect(outcomes.filter(({ reason }) => reason === 'service_key_not_allowed').length).toBeGreaterThan(9);
});
