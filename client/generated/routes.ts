// Generated from the contract by docs/generate.ts. Do not edit.
import type { RouteTable } from '../call.ts';

/** How each call travels. */
export const routes = {
  auth: {
    captchaConfig: { method: 'GET', path: '/v1/auth/captcha-config', auth: 'public', retryable: true, refusals: [500, 503] },
    registrationMode: { method: 'GET', path: '/v1/auth/registration-mode', auth: 'public', retryable: true, refusals: [500, 503] },
    register: { method: 'POST', path: '/v1/auth/register', auth: 'public', cookie: true, grants: true, refusals: [400, 403, 409, 413, 422, 429, 500, 503] },
    login: { method: 'POST', path: '/v1/auth/login', auth: 'public', cookie: true, grants: true, refusals: [400, 401, 403, 413, 422, 429, 500, 503] },
    refresh: { method: 'POST', path: '/v1/auth/refresh', auth: 'public', cookie: true, grants: true, refusals: [400, 401, 403, 404, 422, 500, 503] },
    logout: { method: 'POST', path: '/v1/auth/logout', auth: 'user', cookie: true, refusals: [400, 401, 403, 404, 413, 422, 500, 503] },
  },
  me: {
    get: { method: 'GET', path: '/v1/me', auth: 'user', retryable: true, refusals: [400, 401, 403, 404, 500, 503] },
    update: { method: 'PATCH', path: '/v1/me', auth: 'user', refusals: [400, 401, 403, 404, 413, 422, 500, 503] },
  },
  apiKeys: {
    create: { method: 'POST', path: '/v1/api-keys', auth: 'user', idempotent: true, retryable: true, refusals: [400, 401, 403, 404, 409, 413, 422, 500, 503] },
    list: { method: 'GET', path: '/v1/api-keys', auth: 'user', retryable: true, paged: true, refusals: [400, 401, 403, 404, 500, 503] },
    delete: { method: 'DELETE', path: '/v1/api-keys/{id}', auth: 'user', retryable: true, refusals: [400, 401, 403, 404, 500, 503] },
  },
  threads: {
    create: { method: 'POST', path: '/v1/threads', auth: 'user+key', idempotent: true, retryable: true, refusals: [400, 401, 403, 404, 409, 413, 422, 500, 503] },
    list: { method: 'GET', path: '/v1/threads', auth: 'user+key', retryable: true, paged: true, refusals: [400, 401, 403, 404, 500, 503] },
    search: { method: 'GET', path: '/v1/threads/search', auth: 'user+key', retryable: true, paged: true, refusals: [400, 401, 403, 404, 500, 503] },
    starred: { method: 'GET', path: '/v1/threads/starred', auth: 'user+key', retryable: true, refusals: [400, 401, 403, 404, 500, 503] },
    get: { method: 'GET', path: '/v1/threads/{thread_id}', auth: 'user+key', retryable: true, refusals: [400, 401, 403, 404, 500, 503] },
    update: { method: 'PATCH', path: '/v1/threads/{thread_id}', auth: 'user+key', refusals: [400, 401, 403, 404, 413, 422, 500, 503] },
    delete: { method: 'DELETE', path: '/v1/threads/{thread_id}', auth: 'user+key', retryable: true, refusals: [400, 401, 403, 404, 500, 503] },
    star: { method: 'POST', path: '/v1/threads/{thread_id}/star', auth: 'user+key', idempotent: true, retryable: true, refusals: [400, 401, 403, 404, 409, 500, 503] },
    unstar: { method: 'DELETE', path: '/v1/threads/{thread_id}/star', auth: 'user+key', retryable: true, refusals: [400, 401, 403, 404, 500, 503] },
  },
  messages: {
    create: { method: 'POST', path: '/v1/threads/{thread_id}/messages', auth: 'user+key', idempotent: true, retryable: true, refusals: [400, 401, 403, 404, 409, 413, 422, 500, 503] },
    list: { method: 'GET', path: '/v1/threads/{thread_id}/messages', auth: 'user+key', retryable: true, paged: true, refusals: [400, 401, 403, 404, 500, 503] },
  },
  runs: {
    create: { method: 'POST', path: '/v1/threads/{thread_id}/runs', auth: 'user+key', idempotent: true, retryable: true, refusals: [400, 401, 402, 403, 404, 409, 413, 422, 429, 500, 503] },
    listInThread: { method: 'GET', path: '/v1/threads/{thread_id}/runs', auth: 'user+key', retryable: true, paged: true, refusals: [400, 401, 403, 404, 500, 503] },
    list: { method: 'GET', path: '/v1/runs', auth: 'user+key', retryable: true, paged: true, refusals: [400, 401, 403, 404, 500, 503] },
    get: { method: 'GET', path: '/v1/runs/{run_id}', auth: 'user+key', retryable: true, refusals: [400, 401, 403, 404, 500, 503] },
    cancel: { method: 'POST', path: '/v1/runs/{run_id}:cancel', auth: 'user+key', idempotent: true, retryable: true, refusals: [400, 401, 403, 404, 409, 413, 422, 500, 503] },
    input: { method: 'POST', path: '/v1/runs/{run_id}/input', auth: 'user+key', idempotent: true, retryable: true, refusals: [400, 401, 403, 404, 409, 413, 422, 500, 503] },
    events: { method: 'GET', path: '/v1/runs/{run_id}/events', auth: 'user+key', retryable: true, last: ['run.completed', 'run.failed', 'run.cancelled'], refusals: [400, 401, 403, 404, 500, 503] },
    retry: { method: 'POST', path: '/v1/threads/{thread_id}:retry', auth: 'user+key', idempotent: true, retryable: true, refusals: [400, 401, 402, 403, 404, 409, 413, 422, 429, 500, 503] },
    continue: { method: 'POST', path: '/v1/threads/{thread_id}:continue', auth: 'user+key', idempotent: true, retryable: true, refusals: [400, 401, 402, 403, 404, 409, 413, 422, 429, 500, 503] },
    editMessage: { method: 'PATCH', path: '/v1/threads/{thread_id}/messages/{message_id}', auth: 'user+key', refusals: [400, 401, 402, 403, 404, 409, 413, 422, 429, 500, 503] },
  },
  llmProviders: {
    list: { method: 'GET', path: '/v1/llm-providers', auth: 'user+key', retryable: true, refusals: [400, 401, 403, 404, 500, 503] },
    create: { method: 'POST', path: '/v1/llm-providers', auth: 'user', idempotent: true, retryable: true, refusals: [400, 401, 403, 404, 409, 413, 422, 500, 503] },
    update: { method: 'PATCH', path: '/v1/llm-providers/{provider_id}', auth: 'user', refusals: [400, 401, 403, 404, 409, 413, 422, 500, 503] },
    delete: { method: 'DELETE', path: '/v1/llm-providers/{provider_id}', auth: 'user', retryable: true, refusals: [400, 401, 403, 404, 500, 503] },
    availableModels: { method: 'GET', path: '/v1/llm-providers/{provider_id}/available-models', auth: 'user', retryable: true, refusals: [400, 401, 403, 404, 409, 500, 502, 503] },
  },
  llmModels: {
    create: { method: 'POST', path: '/v1/llm-providers/{provider_id}/models', auth: 'user', idempotent: true, retryable: true, refusals: [400, 401, 403, 404, 409, 413, 422, 500, 503] },
    update: { method: 'PATCH', path: '/v1/llm-providers/{provider_id}/models/{model_id}', auth: 'user', refusals: [400, 401, 403, 404, 409, 413, 422, 500, 503] },
    delete: { method: 'DELETE', path: '/v1/llm-providers/{provider_id}/models/{model_id}', auth: 'user', retryable: true, refusals: [400, 401, 403, 404, 500, 503] },
    test: { method: 'POST', path: '/v1/llm-providers/{provider_id}/models/{model_id}/test', auth: 'user', idempotent: true, retryable: true, refusals: [400, 401, 403, 404, 409, 500, 503] },
  },
  bootstrap: {
    init: { method: 'POST', path: '/v1/bootstrap/init', auth: 'public', refusals: [404, 409, 500, 503] },
    verify: { method: 'GET', path: '/v1/bootstrap/verify/{token}', auth: 'public', retryable: true, refusals: [400, 404, 500, 503] },
    setup: { method: 'POST', path: '/v1/bootstrap/setup', auth: 'public', cookie: true, grants: true, refusals: [400, 401, 403, 409, 413, 422, 500, 503] },
  },
} as const satisfies RouteTable;
