import type { OptionGroup } from '../../ui/options.ts';

/** What was done, after the name of what it was done to. */
const verbs: Record<string, string> = {
  accept: 'accepted',
  activate: 'turned on',
  add: 'added',
  authorization_complete: 'access granted',
  authorization_delete: 'access removed',
  authorize: 'access requested',
  auto_disable: 'turned off after failures',
  batch_create: 'created',
  cancel: 'canceled',
  continue: 'continued',
  create: 'created',
  credential_clear: 'key deleted',
  credential_set: 'key entered',
  deactivate: 'turned off',
  delete: 'deleted',
  delete_all: 'all deleted',
  disable: 'turned off',
  enable: 'turned on',
  end: 'ended',
  end_others: 'all others ended',
  erasure_cancel: 'erasure canceled',
  erasure_request: 'erasure scheduled',
  export: 'downloaded',
  fork: 'copied',
  input: 'answered',
  link: 'linked',
  pause: 'turned off',
  read: 'read',
  read_all: 'all read',
  redeem: 'redeemed',
  redeliver: 'message sent again',
  register: 'added',
  remove: 'removed',
  rename: 'renamed',
  replace: 'replaced',
  replay: 'replayed',
  report: 'reported',
  reset: 'replaced',
  resume: 'turned on',
  retry: 'tried again',
  revoke: 'revoked',
  rotate: 'secret replaced',
  rotate_secret: 'secret replaced',
  run: 'started by hand',
  set: 'set',
  set_default: 'made the default',
  setup: 'setup started',
  star: 'starred',
  suspend: 'suspended or reactivated',
  test: 'tested',
  unlink: 'unlinked',
  unstar: 'unstarred',
  update: 'changed',
  upload: 'uploaded',
};

/** A name, and the verbs of the actions. */
type Resource = readonly [name: string, verbs: string];

/** Those of an account. */
const ofAccount: Record<string, Resource> = {
  api_key: ['API key', 'create update rotate revoke'],
  attachment: ['File of a message', 'stage'],
  audit_log: ['Audit log', 'export'],
  thread: ['Chat', 'create update delete fork star unstar report'],
  workspace: ['Files of a project', 'upload rename delete'],
  account_invitation: ['Invitation', 'create accept revoke'],
  ip_rule: ['IP rule', 'create delete'],
  thread_share: ['Link to a chat', 'create delete'],
  identity: ['Linked sign-in', 'link_start link unlink'],
  account_member: ['Member', 'update remove'],
  memory: ['Memory', 'create update delete delete_all'],
  message: ['Message', 'create update'],
  llm_provider_model: ['Model', 'create update delete test'],
  llm_provider: ['Model provider', 'create update delete'],
  notification: ['Notification', 'read read_all'],
  passkey: ['Passkey', 'register_start register update delete'],
  persona: ['Persona', 'create update delete'],
  project: ['Project', 'create update delete'],
  redemption_code: ['Redemption code', 'redeem batch_create deactivate'],
  referral: ['Referral', 'create'],
  run: ['Run', 'create continue retry replay input cancel'],
  schedule: ['Schedule', 'create update run pause resume auto_disable delete'],
  second_factor: ['Second factor', 'setup enable disable recovery_codes remove'],
  session: ['Session', 'confirm end end_others reuse_detected'],
  skill: ['Skill', 'create update replace delete'],
  asr_credential: ['Speech service', 'create update set_default delete'],
  subscription: ['Subscription', 'create update cancel'],
  team: ['Team', 'create delete'],
  team_member: ['Team member', 'add remove'],
  mcp_config: ['Tool server', 'create update test authorize authorization_complete authorization_delete delete'],
  usage: ['Usage', 'export'],
  user: [
    'User',
    'register login logout refresh login_otp_send email_verify_send email_verify password_change access_reset update erasure_request delete',
  ],
  tool_provider: ['Web search', 'activate deactivate credential_set credential_clear'],
  webhook_endpoint: ['Webhook', 'create update rotate_secret test redeliver replay delete'],
  account: ['Workspace', 'create update export erasure_request erasure_cancel suspend delete'],
};

/** Those of the platform. */
const ofPlatform: Record<string, Resource> = {
  admin: ['Administration', 'run_view'],
  auth: ['Sign-in', 'resolve'],
  broadcast: ['Broadcast', 'create delete'],
  credits: ['Credits', 'adjust bulk_adjust reset_all'],
  email_config: ['Email settings', 'update test'],
  entitlement_override: ['Exception for an account', 'set delete'],
  feature_flag: ['Feature flag', 'create update delete account_override_set account_override_delete'],
  gateway_config: ['Gateway settings', 'update'],
  identity_provider: ['Identity provider', 'create update delete'],
  invite_code: ['Invite code', 'create update reset'],
  plan: ['Plan', 'create update delete'],
  platform: ['Platform', 'bootstrap_init bootstrap'],
  platform_setting: ['Platform setting', 'set delete'],
  service_key: ['Service key', 'create update rotate revoke'],
};

/** Actions whose words are not a name and a verb. */
const texts: Record<string, string> = {
  'admin.run_view': 'Run looked up',
  'attachment.stage': 'File uploaded for a message',
  'auth.resolve': 'Account looked up at sign-in',
  'credits.adjust': 'Credits adjusted',
  'credits.bulk_adjust': 'Credits of several accounts adjusted',
  'credits.reset_all': 'Credits of all accounts reset',
  'feature_flag.account_override_delete': 'Feature flag: exception deleted',
  'feature_flag.account_override_set': 'Feature flag: exception set',
  'identity.link': 'Sign-in with a provider linked',
  'identity.link_start': 'Sign-in with a provider: linking started',
  'identity.unlink': 'Sign-in with a provider unlinked',
  'passkey.register_start': 'Passkey: setup started',
  'platform.bootstrap': 'First administrator created',
  'platform.bootstrap_init': 'Setup link created',
  'second_factor.recovery_codes': 'Recovery codes replaced',
  'second_factor.remove': 'Second factor of a user removed',
  'session.confirm': 'Identity confirmed',
  'session.reuse_detected': 'Session ended: its token was used twice',
  'user.access_reset': 'Access reset',
  'user.email_verify': 'Email address verified',
  'user.email_verify_send': 'Verification email sent',
  'user.login': 'Signed in',
  'user.login_otp_send': 'Sign-in code sent',
  'user.logout': 'Signed out',
  'user.password_change': 'Password changed',
  'user.refresh': 'Session renewed',
  'user.register': 'Registered',
};

/** Types of objects that no action begins with. */
const furtherTargets: Record<string, string> = {
  credits_batch: 'Credits of several accounts',
  erasure: 'Erasure',
  schedule_occurrence: 'Time of a schedule',
  user_login: 'Login of a user',
};

const resources = { ...ofAccount, ...ofPlatform };
const asWords = (code: string) => code.charAt(0).toUpperCase() + code.slice(1).replaceAll('_', ' ');

/** `api_key.create` → `API key created`. */
export function actionText(action: string): string {
  const [resource = '', verb = ''] = action.split('.');
  const name = resources[resource]?.[0] ?? asWords(resource);
  return texts[action] ?? `${name} ${verbs[verb] ?? verb.replaceAll('_', ' ')}`;
}

/** `api_key` → `API key`. */
export const targetText = (type: string): string => resources[type]?.[0] ?? furtherTargets[type] ?? asWords(type);

const groupOf = ([resource, [name, list]]: [string, Resource]): OptionGroup => ({
  label: name,
  options: list.split(' ').map((verb) => ({
    value: `${resource}.${verb}`,
    label: actionText(`${resource}.${verb}`),
    keywords: [name],
  })),
});

/** The actions that the log of an account can contain, or with `isOfAll` that of the platform. */
export const actionOptions = (isOfAll: boolean): OptionGroup[] => Object.entries(isOfAll ? resources : ofAccount).map(groupOf);

export const targetOptions = (isOfAll: boolean): { value: string; label: string }[] =>
  [...Object.keys(isOfAll ? resources : ofAccount), ...Object.keys(furtherTargets)]
    .map((value) => ({ value, label: targetText(value) }))
    .toSorted((one, other) => one.label.localeCompare(other.label));
