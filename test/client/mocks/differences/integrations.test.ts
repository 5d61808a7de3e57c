import { expect, test } from 'vitest';
import { isOpenPort } from '../../../../client/mocks/http/outboundUrls.ts';
import { isOpenPort as isOpenOnServer } from '../../../../server/platform/network/ports.ts';
import { startTestApp } from '../../../support/app/testApp.ts';
import { expectSameResponses, type Step } from './compare.ts';

const app = await startTestApp({}, { worker: false });

const [first, second] = ['https://one.example.com/v1', 'https://two.example.com/v1'];
const secret = { api_key: 'sk-1234567890' };
/** Spellings of `first`, then other URLs. */
const moves = ['https://ONE.example.com:443/v1/', first, second, `${first}/other`, 'https://one.example.com:8443/v1'];

const deniedUrls = [
  'nowhere',
  'https://',
  'https://a:b@example.com',
  'https://example.com/#part',
  'https://example.com/?a=b',
  'ftp://example.com',
  'https://example.com:22',
  'http://localhost:4000/v1',
  'https://localhost',
  'http://example.com',
  'https://10.0.0.1',
  'https://[::1]',
  'https://[fd00::1]',
  'https://169.254.1.1',
  'https://1.1.1.1',
];

const movesOf = (who: string, method: 'PATCH' | 'PUT', path: string, url: string, secretField: string): Step[] => [
  ...moves.map((to): Step => [who, method, path, { [url]: to }]),
  [who, method, path, { [url]: second, [secretField]: 'sk-of-the-second' }],
  [who, method, path, { [url]: first }],
];

test('a stored secret is needed again for another URL', async () => {
  const scope = '?scope=account';
  const firecrawl = `/v1/tool-providers/web_fetch/web_fetch.firecrawl/credential${scope}`;
  const outcomes = await expectSameResponses(app, [
    ['user', 'POST', '/v1/llm-providers', { name: 'p', provider: 'openai', ...secret, base_url: first }, 'provider'],
    ...movesOf('user', 'PATCH', '/v1/llm-providers/{provider}', 'base_url', 'api_key'),
    ['user', 'PATCH', '/v1/llm-providers/{provider}', { base_url: null }],
    ['user', 'PATCH', '/v1/llm-providers/{provider}', { base_url: null, ...secret }],
    ['user', 'PATCH', '/v1/llm-providers/{provider}', { base_url: first }],
    ['user', 'POST', '/v1/asr-credentials', { name: 'c', provider: 'groq', model: 'w', ...secret, base_url: first }, 'credential'],
    ...movesOf('user', 'PUT', '/v1/asr-credentials/{credential}', 'base_url', 'api_key'),
    ['user', 'PUT', '/v1/asr-credentials/{credential}', { base_url: null }],
    ['user', 'PUT', '/v1/asr-credentials/{credential}', { name: 'renamed' }],
    ['user', 'POST', '/v1/mcp-configs', { name: 'm', transport: 'streamable_http', url: first, bearer_token: 'abc' }, 'config'],
    ...movesOf('user', 'PATCH', '/v1/mcp-configs/{config}', 'url', 'bearer_token'),
    ['user', 'PATCH', '/v1/mcp-configs/{config}', { url: first, bearer_token: '' }],
    ['user', 'PATCH', '/v1/mcp-configs/{config}', { url: second }],
    ['user', 'PUT', firecrawl, { api_key: 'fc-123456789012', base_url: first }],
    ...movesOf('user', 'PUT', firecrawl, 'base_url', 'api_key'),
    ['user', 'GET', `/v1/tool-providers${scope}`],
    ['user', 'DELETE', firecrawl],
    ['user', 'PUT', firecrawl, { base_url: first }],
    ['user', 'GET', `/v1/tool-providers${scope}`],
  ]);
  expect(outcomes.filter(({ reason }) => reason === 'secret_required').length).toBeGreaterThan(16);
});

test('the secrets of settings stay with their servers', async () => {
  const mail = (values: object): Step => ['admin', 'PUT', '/v1/admin/email/config', { from: 'a@b.test', ...values }];
  const set = (key: string, value: string): Step => ['admin', 'PUT', `/v1/admin/platform-settings/${key}`, { value }];
  const unset = (key: string): Step => ['admin', 'DELETE', `/v1/admin/platform-settings/${key}`];
  const config: Step = ['admin', 'GET', '/v1/admin/email/config'];
  await expectSameResponses(app, [
    config,
    mail({ smtp_host: 'one.test', smtp_pass: 'canary' }),
    config,
    mail({ smtp_host: 'two.test' }),
    set('email.smtp_host', 'two.test'),
    unset('email.smtp_host'),
    mail({ smtp_host: 'two.test' }),
    set('email.smtp_host', 'two.test'),
    mail({ smtp_host: 'two.test', smtp_pass: 'another' }),
    mail({ smtp_host: 'two.test', smtp_port: 25 }),
    config,
    ['admin', 'GET', '/v1/admin/email/status'],
    mail({ smtp_host: 'one.test', smtp_pass: null }),
    config,
    mail({ from: '' }),
    ['admin', 'GET', '/v1/admin/email/status'],
    set('web_fetch.firecrawl_base_url', first),
    set('web_fetch.firecrawl_api_key', 'fc-123456789012'),
    set('web_fetch.firecrawl_base_url', first),
    set('web_fetch.firecrawl_base_url', second),
    unset('web_fetch.firecrawl_api_key'),
    set('web_fetch.firecrawl_base_url', second),
    ['admin', 'GET', '/v1/admin/platform-settings/web_fetch.firecrawl_base_url'],
    unset('web_fetch.firecrawl_base_url'),
    unset('web_fetch.firecrawl_base_url'),
    ['admin', 'GET', '/v1/admin/platform-settings/web_fetch.firecrawl_base_url'],
  ]);
});

test('URLs that the server does not call are rejected', async () => {
  const outcomes = await expectSameResponses(
    app,
    deniedUrls.flatMap((url, at): Step[] => [
      ['user', 'POST', '/v1/llm-providers', { name: `p${at}`, provider: 'openai', ...secret, base_url: url }],
      ['user', 'POST', '/v1/asr-credentials', { name: `c${at}`, provider: 'groq', model: 'w', ...secret, base_url: url }],
      ['user', 'POST', '/v1/mcp-configs', { name: `m${at}`, transport: 'streamable_http', url }],
      ['user', 'PUT', '/v1/tool-providers/web_search/web_search.searxng/credential?scope=account', { base_url: url }],
      ['admin', 'PUT', '/v1/tool-providers/web_search/web_search.searxng/credential', { base_url: url }],
      ['admin', 'PUT', '/v1/tool-providers/web_search/web_search.tavily/credential', { base_url: url }],
      ['user', 'POST', '/v1/webhook-endpoints', { url, events: ['run.completed'] }],
      ['admin', 'POST', '/v1/admin/identity-providers', { name: 'i', issuer: url, client_id: 'c', enabled: false }],
    ]),
  );
  expect(new Set(outcomes.map(({ reason }) => reason)).size).toBeGreaterThan(9);
  const ports = Array.from({ length: 65_536 }, (_, port) => port);
  expect(ports.filter(isOpenPort)).toEqual(ports.filter((port) => isOpenOnServer(port)));
});

test('keys of advanced_json that the server sets itself are rejected', async () => {
  const provider = (kind: string, advanced_json: object | null, saveAs?: string): Step => [
    'user',
    'POST',
    '/v1/llm-providers',
    { name: `${kind} ${JSON.stringify(advanced_json)}`, provider: kind, ...secret, advanced_json },
    saveAs,
  ];
  const change = (body: object): Step => ['user', 'PATCH', '/v1/llm-providers/{openai}', body];
  const outcomes = await expectSameResponses(app, [
    provider('openai', { temperature: 0 }, 'openai'),
    ...['openai', 'anthropic', 'gemini'].map((kind) => provider(kind, { model: 'm', tools: [], stream: true, contents: 1, system: '' })),
    provider('gemini', { systemInstruction: 'x', 'a/b~c': 1 }),
    provider('openai', { image_generation: 'on', image_usd: 1_001 }),
    provider('openai', { image_generation: true, image_usd: 1 }),
    provider('anthropic', { anthropic_version: '', extra_headers: { 'x-other': 'a', 'anthropic-beta': 1 } }),
    provider('anthropic', { extra_headers: ['a'] }),
    provider('anthropic', { extra_headers: { 'anthropic-beta': 'a' } }),
    change({ advanced_json: { stream: true } }),
    change({ openai_api_mode: 'responses' }),
    change({ provider: 'gemini' }),
    change({ openai_api_mode: null, provider: 'anthropic', advanced_json: { system: 'x' } }),
    change({ openai_api_mode: null, advanced_json: null }),
    ['user', 'POST', '/v1/llm-providers/{openai}/models', { model: 'a', advanced_json: { tool_choice: 'auto' } }],
    ['user', 'POST', '/v1/llm-providers/{openai}/models', { model: 'a', advanced_json: { system: 'x' } }, 'model'],
    ['user', 'POST', '/v1/llm-providers/{openai}/models', { model: 'a' }],
    ['user', 'PATCH', '/v1/llm-providers/{openai}/models/{model}', { advanced_json: { input: 'x' } }],
    change({ provider: 'anthropic' }),
    change({ provider: 'gemini' }),
    ['user', 'PATCH', '/v1/llm-providers/{openai}/models/{model}', { advanced_json: { system: 'x' } }],
  ]);
  expect(outcomes.filter(({ reason }) => reason === 'advanced_json_key_denied').length).toBeGreaterThan(8);
});

test('fields of tool servers fit their transport, and programs need an admin', async () => {
  const server = (who: string, body: object, saveAs?: string): Step => [who, 'POST', '/v1/mcp-configs', body, saveAs];
  await expectSameResponses(app, [
    server('user', { name: 'a', transport: 'stdio', command: 'node' }),
    server('user', { name: 'b', transport: 'streamable_http' }),
    server('user', { name: 'c', transport: 'http_sse', url: first, command: 'node', args: ['x'], cwd: '/', env: { A: 'b' } }),
    server('admin', { name: 'd', transport: 'stdio' }),
    server('admin', { name: 'e', transport: 'stdio', command: 'node', url: first, bearer_token: 'x' }),
    server('admin', { name: 'f', transport: 'stdio', command: './node' }),
    server('user', { name: 'g', transport: 'streamable_http', url: first }, 'config'),
    ['user', 'PATCH', '/v1/mcp-configs/{config}', { url: '' }],
    ['user', 'PATCH', '/v1/mcp-configs/{config}', { url: null }],
    ['user', 'PATCH', '/v1/mcp-configs/{config}', { call_timeout_ms: 5_000, is_active: false }],
  ]);
});
