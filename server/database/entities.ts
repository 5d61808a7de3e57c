import { ChatCompletion } from '../chatCompletions/entity.ts';
import { Gateway } from '../gateway/entities.ts';
import { AttemptCount, IdempotencyKey } from '../http/entities.ts';
import { Worker } from '../jobs/entities.ts';
import { EncryptionKey } from '../processes/keyRotation/entity.ts';
import { AccessLogEntry } from '../resources/accessLog/entity.ts';
import { Account, Membership } from '../resources/accounts/entity.ts';
import { ApiKey, ApiKeyUsage } from '../resources/apiKeys/entity.ts';
import { AsrCredential } from '../resources/asrCredentials/entity.ts';
import { Attachment, ThreadAttachment } from '../resources/attachments/entity.ts';
import { AuditLogEntry } from '../resources/auditLogs/entity.ts';
import { Credential, EmailVerification, LoginCode, RefreshToken, Session } from '../resources/auth/entity.ts';
import { Broadcast } from '../resources/broadcasts/entity.ts';
import { CreditAlert, CreditBalance, CreditOperation, CreditTransaction } from '../resources/credits/entity.ts';
import { DirectoryCountChange } from '../resources/dashboard/entity.ts';
import { EntitlementOverride } from '../resources/entitlementOverrides/entity.ts';
import { Erasure, SigningKey } from '../resources/erasures/entity.ts';
import { FeatureFlag, FeatureFlagOverride } from '../resources/featureFlags/entity.ts';
import { IdentityFlow, UserIdentity } from '../resources/identities/entity.ts';
import { IdentityProvider } from '../resources/identityProviders/entity.ts';
import { Invitation } from '../resources/invitations/entity.ts';
import { InviteCode } from '../resources/inviteCodes/entity.ts';
import { IpRule } from '../resources/ipRules/entity.ts';
import { LlmModel, LlmProvider } from '../resources/llmProviders/entity.ts';
import { McpConfig } from '../resources/mcpConfigs/entity.ts';
import { McpPromptRequest } from '../resources/mcpConfigs/promptRequests/entity.ts';
import { Memory } from '../resources/memories/entity.ts';
import { Message } from '../resources/messages/entity.ts';
import { Notification } from '../resources/notifications/entity.ts';
import { Passkey, PasskeyChallenge } from '../resources/passkeys/entity.ts';
import { Persona } from '../resources/personas/entity.ts';
import { Plan, PlanEntitlement } from '../resources/plans/entity.ts';
import { Project } from '../resources/projects/entity.ts';
import { QuotaUsage } from '../resources/quotas/entity.ts';
import { Redemption, RedemptionCode } from '../resources/redemptionCodes/entity.ts';
import { Referral } from '../resources/referrals/entity.ts';
import { ThreadReport } from '../resources/reports/entity.ts';
import { Run, RunCountChange, RunEvent, RunEventArchive, RunTurn } from '../resources/runs/entity.ts';
import { Schedule, ScheduleOccurrence } from '../resources/schedules/entity.ts';
import { SecondFactor, SignInChallenge } from '../resources/secondFactor/entity.ts';
import { ServiceKey } from '../resources/serviceKeys/entity.ts';
import { PlatformSetting } from '../resources/settings/entity.ts';
import { ThreadShare, ThreadShareMessage } from '../resources/shares/entity.ts';
import { Skill, SkillFile } from '../resources/skills/entity.ts';
import { Subscription } from '../resources/subscriptions/entity.ts';
import { Team, TeamMember } from '../resources/teams/entity.ts';
import { Thread, ThreadStar, ThreadSummary } from '../resources/threads/entity.ts';
import { ToolProvider } from '../resources/toolProviders/entity.ts';
import { PlatformUsageRollup, UsageRecord, UsageRollup } from '../resources/usage/entity.ts';
import { User } from '../resources/users/entity.ts';
import { WebhookDelivery, WebhookEndpoint, WebhookMessage, WebhookReplay } from '../resources/webhooks/entity.ts';
import { Workspace, WorkspaceObject } from '../resources/workspaces/entity.ts';

/** All tables except those that the job queue and the migrator manage. */
export const entities = [
  AccessLogEntry,
  Account,
  ApiKey,
  ApiKeyUsage,
  AsrCredential,
  Attachment,
  AttemptCount,
  AuditLogEntry,
  Broadcast,
  ChatCompletion,
  Credential,
  CreditAlert,
  CreditBalance,
  CreditOperation,
  CreditTransaction,
  EmailVerification,
  EncryptionKey,
  EntitlementOverride,
  Erasure,
  FeatureFlag,
  FeatureFlagOverride,
  Gateway,
  IdempotencyKey,
  IdentityFlow,
  IdentityProvider,
  Invitation,
  InviteCode,
  IpRule,
  LlmModel,
  LlmProvider,
  LoginCode,
  McpConfig,
  McpPromptRequest,
  Membership,
  Memory,
  Message,
  Notification,
  Passkey,
  PasskeyChallenge,
  Persona,
  Plan,
  PlanEntitlement,
  PlatformSetting,
  PlatformUsageRollup,
  Project,
  QuotaUsage,
  Redemption,
  RedemptionCode,
  Referral,
  RefreshToken,
  Run,
  DirectoryCountChange,
  RunCountChange,
  RunEvent,
  RunEventArchive,
  RunTurn,
  Schedule,
  ScheduleOccurrence,
  SecondFactor,
  ServiceKey,
  Session,
  SignInChallenge,
  SigningKey,
  Skill,
  SkillFile,
  Subscription,
  Team,
  TeamMember,
  Thread,
  ThreadAttachment,
  ThreadReport,
  ThreadShare,
  ThreadShareMessage,
  ThreadStar,
  ThreadSummary,
  ToolProvider,
  UsageRecord,
  UsageRollup,
  User,
  UserIdentity,
  WebhookDelivery,
  WebhookEndpoint,
  WebhookMessage,
  WebhookReplay,
  Worker,
  Workspace,
  WorkspaceObject,
] as const;
