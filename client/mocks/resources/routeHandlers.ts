import { auditLogs } from '../administration/auditLogs.ts';
import { broadcasts } from '../administration/broadcasts.ts';
import { dashboard } from '../administration/dashboard.ts';
import { adminErasures, erasures } from '../administration/erasures.ts';
import { identities, providerSignIn } from '../administration/identities.ts';
import { ipRules } from '../administration/ipRules.ts';
import { plans, subscriptions } from '../administration/subscriptions.ts';
import { toolProviders } from '../administration/toolProviders.ts';
import { adminAccounts, users } from '../administration/users.ts';
import { chatCompletions, chatModels } from '../agents/chatCompletions.ts';
import { mcpConfigs } from '../agents/mcpConfigs.ts';
import { mcp } from '../agents/mcpServer.ts';
import { personas } from '../agents/personas.ts';
import { skills } from '../agents/skills.ts';
import type { Context, RouteResult } from '../context.ts';
import { credits } from '../credits/credits.ts';
import { usage } from '../credits/usage.ts';
import { email, platformSettings } from '../integrations/settings.ts';
import { apiKeys } from '../keys/apiKeys.ts';
import { rejectServiceKey } from '../keys/closedToServiceKeys.ts';
import { serviceKeys } from '../keys/serviceKeys.ts';
import { passkeys } from '../passkeys/handlers.ts';
import { schedules } from '../runs/schedules.ts';
import { webhookDeliveries, webhookEndpoints } from '../webhooks/handlers.ts';
import { attachments } from './attachments.ts';
import { auth, bootstrap } from './auth.ts';
import { inviteCodes, redemptionCodes } from './codes.ts';
import { me, memories, notifications } from './me.ts';
import { accounts, invitations } from './members.ts';
import { reports } from './reports.ts';
import { runDetails, runs } from './runs.ts';
import { secondFactor, sessions } from './security.ts';
import { shares } from './shares.ts';
import { messages, projects, threads } from './threads.ts';
import { workspaces } from './workspaces.ts';

type RouteHandler = (context: Context) => RouteResult | Promise<RouteResult>;

// Safe cast: each area is type-checked against its contract in its own file.
const areas = {
  ...{
    accounts,
    adminAccounts,
    adminErasures,
    apiKeys,
    attachments,
    auditLogs,
    auth,
    bootstrap,
    broadcasts,
    chatCompletions,
    chatModels,
    credits,
    dashboard,
    email,
    erasures,
    identities,
    invitations,
    ipRules,
    inviteCodes,
    mcpConfigs,
    mcp,
    me,
    memories,
    messages,
  },
  ...{
    notifications,
    passkeys,
    personas,
    plans,
    platformSettings,
    projects,
    providerSignIn,
    redemptionCodes,
    reports,
    runDetails,
    runs,
    schedules,
    secondFactor,
    serviceKeys,
    sessions,
    shares,
    skills,
    subscriptions,
    threads,
    toolProviders,
    usage,
    users,
  },
  ...{ webhookDeliveries, webhookEndpoints, workspaces },
} as unknown as Record<string, Record<string, RouteHandler> | undefined>;

/** Calls the handwritten handler of a route; undefined if there is none. */
export function callRouteHandler(context: Context): RouteResult | Promise<RouteResult> | undefined {
  rejectServiceKey(context);
  const [area, verb] = context.operation.id.split('.') as [string, string];
  return areas[area]?.[verb]?.(context);
}
