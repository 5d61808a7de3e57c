import express, { type Express, type RequestHandler } from 'express';
import { serverPrompts } from '../agent/mcp/prompts/serverPrompts.ts';
import { testServer } from '../agent/mcp/testServer.ts';
import { chatCompletionHandlers, chatModelHandlers } from '../chatCompletions/handlers.ts';
import { createCallerResolver } from '../http/access/caller.ts';
import type { App } from '../http/app.ts';
import { rejectInvalidFraming } from '../http/body/framing.ts';
import { cors, fixedHeaders } from '../http/cors.ts';
import { respondToError } from '../http/errors.ts';
import { sendJson } from '../http/expressMessages.ts';
import { type Health, healthRouter } from '../http/health.ts';
import { chainHandlers } from '../http/mount/chainHandlers.ts';
import { mount } from '../http/mount/mount.ts';
import type { Implementation } from '../http/pipeline/implement.ts';
import { recordRequestMetrics } from '../http/requestMetrics.ts';
import { docsRouter } from '../http/site/docs.ts';
import { pageBaseUrl } from '../http/site/pageBaseUrl.ts';
import { playgroundRouter } from '../http/site/playground.ts';
import { redirectToBaseUrl } from '../http/site/redirectToBaseUrl.ts';
import { traceRequests } from '../http/tracing.ts';
import { mcpHandlers } from '../mcpServer/handlers.ts';
import type { Config } from '../platform/config/config.ts';
import { notFound } from '../platform/failure.ts';
import { accessLogHandlers } from '../resources/accessLog/handlers.ts';
import { accountHandlers } from '../resources/accounts/handlers.ts';
import { adminAccountHandlers } from '../resources/adminAccounts/handlers.ts';
import { apiKeyHandlers } from '../resources/apiKeys/handlers.ts';
import { asrCredentialHandlers, asrHandlers } from '../resources/asrCredentials/handlers.ts';
import { attachmentHandlers } from '../resources/attachments/handlers.ts';
import { auditLogHandlers } from '../resources/auditLogs/handlers.ts';
import { authHandlers } from '../resources/auth/handlers.ts';
import { bootstrapHandlers } from '../resources/bootstrap/handlers.ts';
import { broadcastHandlers } from '../resources/broadcasts/handlers.ts';
import { creditHandlers } from '../resources/credits/handlers.ts';
import { dashboardHandlers } from '../resources/dashboard/handlers.ts';
import { emailHandlers } from '../resources/email/handlers.ts';
import { entitlementOverrideHandlers } from '../resources/entitlementOverrides/handlers.ts';
import { adminErasureHandlers, erasureHandlers } from '../resources/erasures/handlers.ts';
import { featureFlagHandlers } from '../resources/featureFlags/handlers.ts';
import { gatewayConfigHandlers } from '../resources/gatewayConfig/handlers.ts';
import { identityHandlers, providerSignInHandlers } from '../resources/identities/handlers.ts';
import { identityProviderHandlers } from '../resources/identityProviders/handlers.ts';
import { invitationHandlers } from '../resources/invitations/handlers.ts';
import { inviteCodeHandlers } from '../resources/inviteCodes/handlers.ts';
import { ipRuleHandlers } from '../resources/ipRules/handlers.ts';
import { llmModelHandlers, llmProviderHandlers } from '../resources/llmProviders/handlers.ts';
import { mcpConfigHandlers } from '../resources/mcpConfigs/handlers.ts';
import { meHandlers } from '../resources/me/handlers.ts';
import { memoryHandlers } from '../resources/memories/handlers.ts';
import { messageHandlers } from '../resources/messages/handlers.ts';
import { notificationHandlers } from '../resources/notifications/handlers.ts';
import { passkeyHandlers } from '../resources/passkeys/handlers.ts';
import { personaHandlers } from '../resources/personas/handlers.ts';
import { planHandlers } from '../resources/plans/handlers.ts';
import { projectHandlers } from '../resources/projects/handlers.ts';
import { redemptionCodeHandlers } from '../resources/redemptionCodes/handlers.ts';
import { referralHandlers } from '../resources/referrals/handlers.ts';
import { reportHandlers } from '../resources/reports/handlers.ts';
import { runDetailsHandlers } from '../resources/runDetails/handlers.ts';
import { runHandlers } from '../resources/runs/handlers.ts';
import { scheduleHandlers } from '../resources/schedules/handlers.ts';
import { secondFactorHandlers } from '../resources/secondFactor/handlers.ts';
import { serviceKeyHandlers } from '../resources/serviceKeys/handlers.ts';
import { sessionHandlers } from '../resources/sessions/handlers.ts';
import { configSchemaHandlers, platformSettingHandlers } from '../resources/settings/handlers.ts';
import { shareHandlers } from '../resources/shares/handlers.ts';
import { findSharePreview } from '../resources/shares/preview.ts';
import { skillHandlers } from '../resources/skills/handlers.ts';
import { subscriptionHandlers } from '../resources/subscriptions/handlers.ts';
import { teamHandlers } from '../resources/teams/handlers.ts';
import { threadHandlers } from '../resources/threads/handlers.ts';
import { toolProviderHandlers } from '../resources/toolProviders/handlers.ts';
import { usageHandlers } from '../resources/usage/handlers.ts';
import { userHandlers } from '../resources/users/handlers.ts';
import { webhookDeliveryHandlers, webhookEndpointHandlers } from '../resources/webhooks/handlers.ts';
import { workspaceHandlers } from '../resources/workspaces/handlers.ts';
import type { EventBroker } from '../runs/follow/eventBroker.ts';
import { copyTurns } from '../runs/record/copyTurns.ts';

/** The handlers of every resource. A new resource adds a line. */
const implementations = (config: Config, eventBroker: EventBroker): Implementation[] => [
  authHandlers,
  bootstrapHandlers,
  providerSignInHandlers,
  meHandlers,
  identityHandlers,
  identityProviderHandlers,
  accountHandlers,
  teamHandlers,
  invitationHandlers,
  apiKeyHandlers,
  notificationHandlers,
  broadcastHandlers,
  creditHandlers,
  usageHandlers,
  redemptionCodeHandlers,
  inviteCodeHandlers,
  referralHandlers,
  projectHandlers,
  workspaceHandlers,
  threadHandlers,
  messageHandlers,
  scheduleHandlers,
  secondFactorHandlers,
  serviceKeyHandlers,
  sessionHandlers,
  shareHandlers,
  reportHandlers,
  attachmentHandlers,
  asrCredentialHandlers,
  asrHandlers,
  chatCompletionHandlers(config),
  chatModelHandlers,
  runHandlers(eventBroker, copyTurns),
  memoryHandlers,
  passkeyHandlers,
  personaHandlers,
  skillHandlers,
  llmProviderHandlers,
  llmModelHandlers,
  dashboardHandlers,
  userHandlers,
  adminAccountHandlers,
  runDetailsHandlers,
  planHandlers,
  subscriptionHandlers,
  entitlementOverrideHandlers,
  platformSettingHandlers,
  configSchemaHandlers,
  emailHandlers,
  gatewayConfigHandlers,
  accessLogHandlers,
  erasureHandlers,
  adminErasureHandlers,
  featureFlagHandlers,
  auditLogHandlers,
  ipRuleHandlers,
  toolProviderHandlers,
  webhookEndpointHandlers,
  webhookDeliveryHandlers,
  mcpConfigHandlers(testServer, serverPrompts),
  mcpHandlers(eventBroker),
];

/** Middleware runs from top to bottom. */
export function createApp(app: App, eventBroker: EventBroker, health: Health): Express {
  const { config, log } = app;
  const { trusted } = createCallerResolver(config);
  const baseUrl = pageBaseUrl(app);
  const server = express();
  server.response.json = sendJson;
  return server
    .disable('x-powered-by')
    .disable('etag')
    .use(
      chainHandlers(
        recordRequestMetrics,
        traceRequests((peer) => config.trustIncomingTraceId && trusted(peer)),
        rejectInvalidFraming,
        besideV1(redirectToBaseUrl(baseUrl)),
        besideV1(docsRouter(baseUrl)),
        besideV1(playgroundRouter(undefined, findSharePreview(app))),
        fixedHeaders,
        cors(config.gatewayCorsAllowedOrigins),
        besideV1(healthRouter(health)),
        mount(app, implementations(config, eventBroker)),
      ),
    )
    .use(() => {
      throw notFound();
    })
    .use(respondToError(log));
}

/** Skips handlers of other paths for API requests, which are nearly all requests. */
const besideV1 =
  (handler: RequestHandler): RequestHandler =>
  (req, res, next) =>
    req.url.startsWith('/v1/') ? next() : handler(req, res, next);
