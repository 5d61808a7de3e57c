import { inconsistentValues } from '../../contract/shared/fields.ts';
import { isIdempotent, needsSecondFactor, serviceScopesOf } from '../../contract/shared/policy.ts';
import { quotaReason } from '../../contract/shared/quotas.ts';
import { isMultipart, type Route } from '../../contract/shared/route.ts';

type Reasons = Partial<Record<number, readonly string[]>>;

const credential: Reasons = {
  401: ['missing_token', 'invalid_authorization', 'invalid_token', 'token_expired', 'key_expired', 'session_revoked'],
  403: ['account_suspended', 'no_account_membership', 'ip_blocked'],
};
const notService: Reasons = { 403: ['service_key_not_allowed'] };
const unreadable: Reasons = { 422: ['empty_body', 'malformed_json', 'unsupported_content_type', 'invalid_encoding'] };
const unreadableForm: Reasons = { 422: ['empty_body', 'malformed_multipart', 'unsupported_content_type', 'invalid_encoding'] };
const idempotency: Reasons = { 409: ['idempotency_key_reused', 'idempotency_in_progress'] };

const captcha: Reasons = { 400: ['captcha_required', 'captcha_invalid'], 503: ['captcha_unavailable'] };
const attached: Reasons = { 400: ['attachment_not_found', 'attachment_kind_mismatch'] };
const person: Reasons = { 400: ['password_policy', 'invalid_name', 'invalid_email', 'invalid_locale'] };
const address: Reasons = { 400: ['invalid_email'] };
const starting: Reasons = { 402: ['credits_exhausted', 'key_budget_exhausted'], 409: ['thread_busy'], 429: ['concurrent_runs_exceeded'] };
const scheduled: Reasons = {
  400: ['invalid_cron', 'invalid_timezone', 'interval_too_short', 'time_in_past', 'thread_not_found', inconsistentValues.reason],
};
const provider: Reasons = { 400: ['advanced_json_key_denied'], 409: ['name_conflict'] };
const model: Reasons = { 400: ['advanced_json_key_denied'], 409: ['model_conflict'] };
const workspacePath: Reasons = { 400: ['invalid_path'], 503: ['workspace_storage_unavailable'] };

const codeSent: Reasons = { 429: ['otp_rate_limited'], 503: ['otp_protection_unavailable', 'email_not_configured'] };
const codeChecked: Reasons = {
  401: ['otp_invalid', 'second_factor_required', 'invalid_credentials'],
  403: ['user_suspended'],
  409: ['first_verification'],
  429: ['otp_locked'],
  503: ['otp_protection_unavailable'],
};
/** The password, or a recent sign-in without one. */
const confirmed: Reasons = { 401: ['invalid_credentials'], 429: ['login_rate_limited'] };
const oftenErased: Reasons = { 429: ['erasure_rate_limited'] };
const hashing: Reasons = { 503: ['overloaded'] };
const outboundUrl: Reasons = {
  400: [
    'invalid_url',
    'missing_hostname',
    'userinfo_denied',
    'fragment_denied',
    'unsupported_scheme',
    'localhost_denied',
    'private_ip_denied',
    'port_denied',
  ],
};
const baseUrl: Reasons = {
  400: ['invalid_url', 'missing_hostname', 'userinfo_denied', 'fragment_denied', 'query_denied', 'unsupported_scheme', 'port_denied'],
};
/** A stored secret is not sent to another URL. */
const moved: Reasons = { 400: ['secret_required'] };
const promptServer: Reasons = {
  409: ['mcp_server_unavailable'],
  502: ['upstream_auth_failed', 'upstream_invalid_response', 'upstream_request_failed', 'upstream_unreachable'],
  503: ['overloaded', 'worker_unavailable'],
};
const webhookUrl: Reasons = { 400: [...outboundUrl[400]!, 'insecure_scheme_denied'] };
const issuerUrl: Reasons = { 400: [...webhookUrl[400]!, 'query_denied', 'invalid_domain'] };
const webhookHeaders: Reasons = { 400: ['header_denied', 'duplicate_header'] };

/** Reasons of single operations, by operation ID. */
const reasonsByOperation: Readonly<Record<string, readonly Reasons[]>> = {
  authRegister: [
    captcha,
    hashing,
    person,
    {
      400: ['invite_code_required', 'invite_code_invalid'],
      403: ['registration_disabled'],
      409: ['login_taken', 'email_taken'],
      429: ['registration_rate_limited'],
    },
  ],
  authCheck: [{ 400: ['invalid_name'], 429: ['lookup_rate_limited'] }],
  authResolve: [captcha, address, { 400: ['invalid_name'], 429: ['lookup_rate_limited'] }],
  authSendFlowCode: [captcha, codeSent, { 401: ['flow_token_invalid'], 409: ['otp_unavailable'] }],
  authVerifyFlowCode: [hashing, codeChecked, { 401: ['flow_token_invalid'] }],
  authSendCode: [captcha, address, codeSent],
  authVerifyCode: [hashing, address, codeChecked],
  authSendVerification: [
    { 409: ['no_email'], 429: ['verification_rate_limited', 'mail_rate_limited'], 503: ['email_not_configured', 'dependency_unavailable'] },
  ],
  authConfirmEmail: [
    hashing,
    {
      400: ['token_invalid', 'password_policy'],
      401: [...credential[401]!, 'invalid_credentials'],
      409: ['first_verification'],
      429: ['verification_rate_limited'],
    },
  ],
  authLogin: [
    captcha,
    hashing,
    {
      400: ['invalid_name', 'password_policy'],
      401: ['invalid_credentials', 'second_factor_required'],
      403: ['user_suspended', 'email_not_verified'],
      429: ['login_rate_limited'],
    },
  ],
  authVerifySecondFactor: [{ 401: ['challenge_invalid', 'second_factor_invalid'], 403: ['user_suspended'], 429: ['login_rate_limited'] }],
  providerSignInStart: [
    { 403: ['identity_provider_disabled'], 429: ['login_rate_limited'], 502: ['identity_provider_unavailable'], 503: ['overloaded'] },
  ],
  providerSignInComplete: [
    {
      400: ['invalid_state', 'invite_code_required', 'invite_code_invalid'],
      401: ['identity_rejected', 'identity_link_required', 'second_factor_required'],
      403: [
        'user_suspended',
        'email_not_verified',
        'identity_provider_disabled',
        'email_domain_not_allowed',
        'identity_email_unverified',
        'identity_not_linked',
        'registration_disabled',
      ],
      409: ['email_taken', 'login_taken', 'identity_taken'],
      429: ['registration_rate_limited'],
      502: ['identity_provider_unavailable'],
      503: ['overloaded'],
    },
  ],
  identitiesStart: [
    hashing,
    {
      401: ['invalid_credentials'],
      403: ['identity_provider_disabled'],
      429: ['login_rate_limited'],
      502: ['identity_provider_unavailable'],
    },
  ],
  identitiesComplete: [
    {
      400: ['invalid_state'],
      401: ['identity_rejected'],
      403: ['user_suspended', 'identity_provider_disabled', 'email_domain_not_allowed'],
      409: ['identity_taken', 'identity_limit_reached'],
      502: ['identity_provider_unavailable'],
      503: ['overloaded'],
    },
  ],
  identitiesConfirm: [
    {
      400: ['link_token_invalid'],
      403: ['user_suspended', 'identity_provider_disabled'],
      409: ['identity_taken', 'identity_limit_reached'],
    },
  ],
  identitiesDelete: [{ 403: ['user_suspended'], 409: ['last_sign_in_method'] }],
  identityProvidersCreate: [issuerUrl, { 400: ['discovery_failed'], 409: ['issuer_taken'] }],
  identityProvidersUpdate: [issuerUrl, { 400: ['client_secret_required', 'discovery_failed'], 409: ['issuer_taken'] }],
  authRefresh: [
    {
      401: ['missing_token', 'duplicate_cookie', 'invalid_token', 'token_rotated', 'token_reused', 'token_expired', 'session_revoked'],
      403: ['user_suspended'],
    },
  ],
  bootstrapInit: [{ 409: ['already_initialized'] }],
  bootstrapSetup: [person, { 401: ['bootstrap_token_invalid'], 409: ['already_initialized', 'login_taken', 'email_taken'] }],
  meUpdate: [{ 400: ['invalid_name', 'invalid_timezone', 'invalid_locale'] }],
  meChangePassword: [hashing, { 400: ['password_policy'], 401: ['invalid_credentials'], 429: ['login_rate_limited'] }],
  secondFactorSetUp: [
    hashing,
    { 401: ['invalid_credentials'], 409: ['second_factor_enabled', 'email_not_verified'], 429: ['login_rate_limited'] },
  ],
  secondFactorConfirm: [
    { 401: ['second_factor_invalid'], 409: ['second_factor_enabled', 'second_factor_not_set_up'], 429: ['login_rate_limited'] },
  ],
  secondFactorReplaceRecoveryCodes: [{ 401: ['second_factor_invalid'], 409: ['second_factor_disabled'], 429: ['login_rate_limited'] }],
  secondFactorDisable: [
    hashing,
    { 401: ['invalid_credentials', 'second_factor_invalid'], 409: ['second_factor_disabled'], 429: ['login_rate_limited'] },
  ],
  passkeysSignInOptions: [
    { 401: ['challenge_invalid'], 409: ['passkey_missing'], 429: ['login_rate_limited'], 503: ['passkeys_not_configured'] },
  ],
  passkeysSignIn: [
    {
      401: ['challenge_invalid', 'passkey_invalid'],
      403: ['user_suspended', 'email_not_verified'],
      429: ['login_rate_limited'],
      503: ['passkeys_not_configured'],
    },
  ],
  passkeysRegistrationOptions: [
    hashing,
    {
      401: ['invalid_credentials', 'second_factor_invalid'],
      409: ['email_not_verified', 'passkey_limit_reached'],
      429: ['login_rate_limited'],
      503: ['passkeys_not_configured'],
    },
  ],
  passkeysRegister: [
    {
      401: ['challenge_invalid', 'passkey_invalid'],
      409: ['email_not_verified', 'passkey_exists', 'passkey_limit_reached'],
      503: ['passkeys_not_configured'],
    },
  ],
  passkeysDelete: [{ 403: ['user_suspended'], 409: ['last_sign_in_method'] }],
  passkeysConfirmationOptions: [{ 409: ['passkey_missing'], 503: ['passkeys_not_configured'] }],
  passkeysConfirm: [{ 401: ['challenge_invalid', 'passkey_invalid'], 429: ['login_rate_limited'], 503: ['passkeys_not_configured'] }],
  meResetInviteCode: [{ 429: ['invite_code_reset_cooldown'] }],
  meRedeem: [
    { 409: ['code_inactive', 'code_expired', 'code_exhausted', 'already_redeemed', 'balance_overflow'], 429: ['redeem_rate_limited'] },
  ],
  inviteCodesUpdate: [{ 409: ['active_code_exists'] }],
  creditsOfAccount: [{ 404: ['account_not_found'] }],
  creditsAdjust: [{ 404: ['account_not_found'], 409: ['insufficient_credits', 'balance_overflow'] }],
  creditsBulkAdjust: [{ 409: ['balance_overflow', 'credit_operation_running'] }],
  creditsResetAll: [{ 409: ['credit_operation_running'] }],
  accountsCreate: [{ 400: ['invalid_name', 'slug_reserved'], 409: ['slug_taken'] }],
  accountsUpdate: [{ 400: ['invalid_name', 'invalid_timezone'] }],
  accountsDelete: [{ 400: ['slug_mismatch'], 409: ['personal_account'] }],
  erasuresRequest: [
    hashing,
    confirmed,
    { 400: ['slug_mismatch'], 403: ['not_owner'], 409: ['personal_account', 'erasure_exists'] },
    oftenErased,
  ],
  erasuresCancel: [{ 403: ['not_owner'], 409: ['erasure_running', 'erasure_of_platform'] }],
  adminErasuresAccount: [
    hashing,
    confirmed,
    { 400: ['slug_mismatch'], 404: ['account_not_found'], 409: ['user_not_deleted', 'account_of_platform_admin', 'erasure_exists'] },
    oftenErased,
  ],
  adminErasuresUser: [hashing, confirmed, { 409: ['user_not_deleted', 'erasure_exists'] }, oftenErased],
  adminErasuresCancel: [{ 409: ['erasure_running'] }],
  accountsUpdateMember: [{ 409: ['personal_account', 'last_admin'] }],
  adminAccountsUpdate: [{ 409: ['cannot_modify_self', 'account_of_platform_admin'] }],
  usersUpdate: [
    {
      400: ['invalid_name', 'invalid_email', 'invalid_locale', 'invalid_timezone'],
      409: ['email_taken', 'cannot_modify_self', 'system_user', 'last_platform_admin'],
    },
  ],
  usersRemoveSecondFactor: [{ 409: ['cannot_modify_self', 'system_user', 'second_factor_disabled'] }],
  usersDelete: [{ 409: ['cannot_modify_self', 'system_user', 'last_platform_admin', 'last_admin'] }],
  accountsRemoveMember: [{ 409: ['personal_account', 'last_admin'] }],
  teamsAddMember: [{ 400: ['user_not_in_account'], 409: ['quota_exceeded'] }],
  invitationsCreate: [
    address,
    { 409: ['personal_account', 'already_member', 'already_invited'], 429: ['invitation_rate_limited', 'mail_rate_limited'] },
  ],
  invitationsAccept: [{ 403: ['email_mismatch', 'email_not_verified'], 409: ['already_accepted', 'invitation_expired', 'already_member'] }],
  serviceKeysCreate: [{ 400: ['time_in_past'] }],
  serviceKeysUpdate: [{ 400: ['time_in_past'] }],
  serviceKeysRotate: [{ 409: ['rotation_in_overlap'] }],
  apiKeysCreate: [{ 400: ['scope_unusable', 'time_in_past'], 403: ['scope_not_grantable'] }],
  apiKeysUpdate: [{ 400: ['time_in_past'] }],
  apiKeysRotate: [{ 403: ['key_owner_required'], 409: ['rotation_in_overlap'] }],
  threadsCreate: [{ 400: ['project_not_found'] }],
  threadsUpdate: [{ 400: ['no_fields', 'project_not_found'] }],
  sharesView: [{ 403: ['invalid_session'] }],
  sharesCreate: [hashing],
  sharesVerify: [hashing, { 403: ['wrong_password'], 409: ['no_password'], 429: ['share_rate_limited'] }],
  projectsCreate: [{ 400: ['team_not_found'] }],
  projectsUpdate: [{ 400: ['team_not_found'], 409: ['default_project'] }],
  projectsDelete: [{ 409: ['default_project'] }],
  workspacesFiles: [workspacePath],
  workspacesFile: [workspacePath],
  schedulesCreate: [scheduled],
  schedulesUpdate: [scheduled, { 409: ['quota_exceeded'] }],
  schedulesPreview: [{ 400: ['invalid_cron', 'invalid_timezone'] }],
  schedulesPause: [{ 409: ['schedule_completed'] }],
  schedulesResume: [{ 409: ['schedule_completed'] }],
  schedulesRunNow: [starting, { 409: ['thread_not_found'] }],
  workspacesUpload: [
    workspacePath,
    { 409: ['revision_conflict', 'path_taken', 'workspace_full'], 413: ['file_too_large'], 503: ['overloaded'] },
  ],
  workspacesRename: [workspacePath, { 409: ['revision_conflict', 'path_taken', 'workspace_full', 'quota_exceeded'], 503: ['overloaded'] }],
  workspacesDelete: [workspacePath, { 409: ['revision_conflict', 'folder_not_empty', 'quota_exceeded'], 503: ['overloaded'] }],
  workspacesArchive: [workspacePath],
  chatCompletionsCreate: [
    webhookUrl,
    {
      400: ['unsupported_parameter', 'provider_rejected', 'completion_too_long', 'answer_too_long', 'image_not_fetched'],
      402: ['credits_exhausted', 'key_budget_exhausted', 'monthly_quota_exceeded'],
      403: ['feature_disabled', 'model_not_allowed'],
      404: ['model_not_found'],
      429: ['concurrent_completions_exceeded', 'provider_rate_limited'],
      502: ['upstream_auth_failed', 'upstream_request_failed', 'upstream_unreachable', 'provider_not_usable'],
    },
  ],
  chatModelsGet: [{ 403: ['model_not_allowed'], 404: ['model_not_found'] }],
  runsCreate: [starting, { 409: ['thread_empty'] }],
  runsRetry: [starting, { 409: ['nothing_to_retry'] }],
  runsContinue: [starting, { 409: ['run_cannot_continue'] }],
  runsReplay: [{ 402: ['credits_exhausted', 'key_budget_exhausted'], 409: ['run_cannot_replay'], 429: ['concurrent_runs_exceeded'] }],
  messagesCreate: [attached],
  attachmentsStage: [{ 400: ['unsupported_attachment'], 413: ['file_too_large'], 503: ['attachment_storage_unavailable', 'overloaded'] }],
  attachmentsGet: [{ 403: ['invalid_session'], 503: ['attachment_storage_unavailable'] }],
  asrCredentialsCreate: [baseUrl, { 409: ['name_conflict'] }],
  asrCredentialsUpdate: [baseUrl, moved, { 409: ['name_conflict'] }],
  auditLogsList: [{ 404: ['account_not_found'] }],
  runsList: [{ 404: ['account_not_found'] }],
  subscriptionsList: [{ 404: ['account_not_found'] }],
  asrTranscribe: [
    {
      400: ['base_url_denied', 'empty_file'],
      409: ['no_default_credential', 'api_key_missing'],
      413: ['file_too_large'],
      502: ['upstream_auth_failed', 'upstream_request_failed', 'upstream_unreachable', 'upstream_invalid_response'],
    },
  ],
  runsEditMessage: [starting, attached],
  runsEvents: [{ 429: ['open_streams_exceeded'] }],
  runsInput: [
    {
      400: ['action_not_allowed', 'content_too_large', 'invalid_answer', 'request_id_required'],
      402: ['key_budget_exhausted'],
      403: ['model_not_allowed'],
      409: ['question_closed', 'run_not_active', 'too_many_inputs'],
    },
  ],
  memoriesCreate: [{ 409: ['memory_limit'] }],
  mcpConfigsCreate: [
    outboundUrl,
    {
      400: ['variable_not_allowed', 'invalid_command'],
      403: ['stdio_requires_platform_admin', 'command_not_allowed'],
      409: ['name_conflict'],
    },
  ],
  accountsExport: [{ 429: ['account_export_rate_limited'] }],
  auditLogsExport: [{ 429: ['export_rate_limited'] }],
  usageExport: [{ 429: ['export_rate_limited'] }],
  usageExportOfAccount: [{ 429: ['export_rate_limited'] }],
  mcpConfigsAuthorize: [{ 409: ['not_connectable'], 429: ['mcp_authorization_rate_limited'], 502: ['authorization_failed'] }],
  mcpConfigsCompleteAuthorization: [{ 400: ['invalid_state'], 502: ['authorization_failed'] }],
  mcpConfigsPrompts: [promptServer],
  mcpConfigsGetPrompt: [promptServer, { 400: ['invalid_prompt_arguments', 'prompt_not_found'] }],
  mcpConfigsUpdate: [outboundUrl, moved, { 403: ['stdio_requires_platform_admin'], 409: ['name_conflict'] }],
  personasCreate: [{ 400: ['persona_not_found'], 403: ['system_protected'], 409: ['persona_conflict'] }],
  skillsCreate: [{ 400: ['invalid_skill'], 409: ['name_conflict'] }],
  skillsReplace: [{ 400: ['invalid_skill'] }],
  skillsDelete: [{ 409: ['skill_in_use'] }],
  plansCreate: [{ 409: ['plan_name_taken'] }],
  plansDelete: [{ 409: ['plan_in_use'] }],
  subscriptionsCreate: [{ 404: ['account_not_found', 'plan_not_found'], 409: ['active_subscription_exists'] }],
  subscriptionsUpdate: [{ 409: ['subscription_not_active'] }],
  subscriptionsCancel: [{ 409: ['subscription_not_active'] }],
  entitlementOverridesList: [{ 404: ['account_not_found'] }],
  entitlementOverridesSet: [{ 404: ['account_not_found'] }],
  entitlementOverridesDelete: [{ 404: ['account_not_found'] }],
  featureFlagsCreate: [{ 409: ['flag_exists'] }],
  featureFlagsDelete: [{ 409: ['system_flag'] }],
  featureFlagsSetOverride: [{ 400: ['overrides_not_supported'], 404: ['account_not_found'] }],
  ipRulesCreate: [{ 409: ['rule_exists', 'would_lock_out_caller'] }],
  ipRulesList: [{ 404: ['account_not_found'] }],
  ipRulesDelete: [{ 404: ['account_not_found'], 409: ['would_lock_out_caller'] }],
  platformSettingsSet: [{ 400: ['unknown_setting_key', 'secret_required'] }],
  redemptionCodesCreateBatch: [{ 400: ['flag_not_found'] }],
  emailConfigure: [moved],
  emailTest: [address, { 429: ['mail_rate_limited'], 503: ['email_not_configured', 'smtp_failed'] }],
  llmProvidersCreate: [provider, baseUrl, { 403: ['feature_disabled'] }],
  llmProvidersUpdate: [provider, baseUrl, moved],
  llmProvidersAvailableModels: [
    {
      400: ['base_url_denied'],
      409: ['api_key_missing'],
      502: ['upstream_auth_failed', 'upstream_request_failed', 'upstream_unreachable', 'upstream_invalid_response'],
    },
  ],
  llmModelsCreate: [model],
  llmModelsUpdate: [model],
  toolProvidersSetCredential: [baseUrl, moved, { 400: ['localhost_denied', 'private_ip_denied', 'insecure_scheme_denied'] }],
  webhookEndpointsCreate: [webhookUrl, webhookHeaders],
  webhookEndpointsUpdate: [webhookUrl, webhookHeaders],
  webhookEndpointsTest: [{ 409: ['endpoint_disabled'], 429: ['webhook_test_rate_limited'] }],
  webhookEndpointsReplay: [
    {
      400: ['inconsistent_values', 'too_many_messages'],
      409: ['endpoint_disabled', 'replay_running'],
      429: ['webhook_replay_rate_limited'],
    },
  ],
  webhookDeliveriesRedeliver: [{ 409: ['endpoint_disabled', 'delivery_pending'], 429: ['webhook_test_rate_limited'] }],
};

/** Operations that are open to service keys, but not for all settings or feature flags. */
const partlyOpenOperations: readonly string[] = [
  'plansCreate',
  'plansUpdate',
  'plansDelete',
  'entitlementOverridesSet',
  'entitlementOverridesDelete',
  'featureFlagsUpdate',
  'featureFlagsDelete',
  'featureFlagsSetOverride',
  'featureFlagsDeleteOverride',
];

/** Operations that compare several values of a request. */
const comparingOperations: readonly string[] = [
  'auditLogsExport',
  'auditLogsList',
  'chatCompletionsCreate',
  'gatewayConfigSet',
  'usageMineDaily',
  'usageMineHourly',
  'usageOfAccountDaily',
  'usageOfAccountHourly',
  'usageDaily',
  'usageHourly',
  'usageExport',
  'usageExportOfAccount',
  'runsList',
  'subscriptionsCreate',
  'subscriptionsUpdate',
  'sharesCreate',
  'emailConfigure',
  'entitlementOverridesSet',
  'plansCreate',
  'plansUpdate',
  'redemptionCodesCreateBatch',
  'personasCreate',
  'messagesCreate',
  'runsEditMessage',
  'runsInput',
  'platformSettingsSet',
  'usersUpdate',
  'personasUpdate',
  'skillsCreate',
  'skillsReplace',
  'mcpConfigsCreate',
  'mcpConfigsUpdate',
  'llmProvidersCreate',
  'llmProvidersUpdate',
  'toolProvidersSetCredential',
];

/** Reasons that follow from the credential, the idempotency key or the body of any route. */
export const impliedReasons: ReadonlySet<string> = new Set(
  [credential, notService, unreadable, idempotency].flatMap((reasons) => Object.values(reasons).flatMap((list = []) => list)),
);

/** The values of `details.reason` that an operation can return with a status. Reasons specific to the operation come first. */
export function reasonsOf(operationId: string, route: Route, status: number): string[] {
  const { auth, read, permission, service, origin, trustedHostOnly, quota } = route.metadata;
  const sources: Reasons[] = [
    ...(reasonsByOperation[operationId] ?? []),
    ...(auth === 'public' ? [] : [credential]),
    ...(needsSecondFactor(route.metadata) ? [{ 403: ['second_factor_missing'] }] : []),
    ...(read || permission || service || auth === 'platform' ? [{ 403: ['missing_permission'] }] : []),
    ...(auth === 'user' || auth === 'platform' ? [{ 403: ['api_key_not_allowed'] }] : []),
    ...(auth !== 'public' && (serviceScopesOf(route.metadata).length === 0 || partlyOpenOperations.includes(operationId))
      ? [notService]
      : []),
    ...(origin ? [{ 403: ['origin_not_allowed'] }] : []),
    ...(quota ? [{ 409: [quotaReason(quota)] }] : []),
    ...(route.metadata.pages ? [{ 400: ['invalid_cursor'] }] : []),
    ...(comparingOperations.includes(operationId) ? [{ 400: ['inconsistent_values'] }] : []),
    ...(trustedHostOnly ? [{ 403: ['host_not_allowed'] }] : []),
    ...(isIdempotent(route) ? [idempotency] : []),
    ...(route.body ? [isMultipart(route) ? unreadableForm : unreadable] : []),
  ];
  return [...new Set(sources.flatMap((source) => source[status] ?? []))];
}

/** The operation IDs of this table. A test checks that they exist. */
export const operationsWithReasons = Object.keys(reasonsByOperation);
