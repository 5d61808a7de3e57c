import type { Call } from '../app/testApp.ts';

const ofAccount = [
  'threads',
  'runs',
  'projects',
  'teams',
  'personas',
  'skills',
  'api-keys',
  'webhook-endpoints',
  'mcp-configs',
  'schedules',
  'ip-rules',
  'accounts/me',
];
const ofCaller = ['asr-credentials', 'llm-providers?scope=account', 'tool-providers?scope=account', 'me'];
const ofPlatform = ['feature-flags', 'admin/users', 'admin/platform-settings'];

/** Everything that a platform administrator can list and that the conformance kit creates and can delete. */
export async function everythingListed(call: Call, token: string): Promise<Record<string, unknown>> {
  const read = async (path: string) => {
    const { status, body } = await call('GET', `/v1/${path}`, { token });
    if (status !== 200) throw new Error(`GET /v1/${path}: ${status}`);
    // A deleted API key stays in its list.
    const rows = Array.isArray(body) && body.filter(({ revoked_at }) => !revoked_at).map(({ last_login_at: _, ...row }) => row);
    return [path, rows || body] as const;
  };
  return Object.fromEntries(await Promise.all([...ofAccount, ...ofCaller, ...ofPlatform].map(read)));
}
