import express, { type Express } from 'express';
import { callers } from './http/caller.ts';
import { cors, fixedHeaders } from './http/cors.ts';
import { docsRouter } from './http/docs.ts';
import { respondToError } from './http/errors.ts';
import { type Health, healthRouter } from './http/health.ts';
import type { Implementation } from './http/implement.ts';
import { mount } from './http/mount.ts';
import { traced } from './http/trace.ts';
import type { App } from './kernel/app.ts';
import { notFound } from './kernel/failure.ts';
import { apiKeyHandlers } from './resources/apiKeys/handlers.ts';
import { authHandlers } from './resources/auth/handlers.ts';
import { bootstrapHandlers } from './resources/bootstrap/handlers.ts';
import { llmModelHandlers, llmProviderHandlers } from './resources/llmProviders/handlers.ts';
import { meHandlers } from './resources/me/handlers.ts';
import { messageHandlers } from './resources/messages/handlers.ts';
import { runHandlers } from './resources/runs/handlers.ts';
import type { Hub } from './resources/runs/hub.ts';
import { threadHandlers } from './resources/threads/handlers.ts';

/** Every resource with the code that serves it. A new one adds a line. */
const implementations = (_app: App, hub: Hub): Implementation[] => [
  authHandlers,
  bootstrapHandlers,
  meHandlers,
  apiKeyHandlers,
  threadHandlers,
  messageHandlers,
  runHandlers(hub),
  llmProviderHandlers,
  llmModelHandlers,
];

/** The path of a request, top to bottom. */
export function createApp(app: App, hub: Hub, health: Health): Express {
  const { config, log } = app;
  const { trusted } = callers(config);
  return express()
    .disable('x-powered-by')
    .disable('etag')
    .use(traced((peer) => config.trustIncomingTraceId && trusted(peer)))
    .use(healthRouter(health))
    .use(docsRouter())
    .use(fixedHeaders)
    .use(cors(config.gatewayCorsAllowedOrigins))
    .use(mount(app, implementations(app, hub)))
    .use(() => {
      throw notFound();
    })
    .use(respondToError(log));
}
