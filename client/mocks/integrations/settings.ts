import type { EmailConfig, EmailConfigValues, email as emailRoutes } from '../../../contract/email.ts';
import type { PlatformSetting, platformSettings as settingRoutes } from '../../../contract/platformSettings.ts';
import { ToolProviderName } from '../../../contract/toolProviders.ts';
import type { Engine, RouteHandlers } from '../context.ts';
import { secretRequired } from '../http/outboundUrls.ts';
import { resourceType } from '../resourceTypes.ts';
import type { Json, Row } from '../state.ts';

const kind = resourceType('/v1/admin/platform-settings');
const mask = '******';

const isSecret = (key: string) =>
  ['email.smtp_pass', 'turnstile.secret_key', ...ToolProviderName.options.map((name) => `${name}_api_key`)].includes(key);

/** Servers and the secrets that are sent to them. */
const secretsOfServers: Readonly<Record<string, string>> = {
  'email.smtp_host': 'email.smtp_pass',
  'web_fetch.firecrawl_base_url': 'web_fetch.firecrawl_api_key',
};

const rowOf = ({ state }: Engine, key: string): Row | undefined => state.rows(kind, ({ value }) => value.key === key)[0];
const valueOf = (engine: Engine, key: string) => rowOf(engine, key)?.value.value as string | undefined;

function remove({ state }: Engine, key: string) {
  state.remove(kind, ({ value }) => value.key === key);
}

function store(engine: Engine, key: string, text: string): PlatformSetting {
  remove(engine, key);
  const value: Json & PlatformSetting = { key, value: isSecret(key) ? mask : text, updated_at: engine.time() };
  engine.state.add(kind, { owner: 'platform', parents: {}, value });
  return value;
}

/** Whether a secret is stored, for another server than the new one. */
const isOtherServer = (engine: Engine, key: string, server: string) =>
  valueOf(engine, secretsOfServers[key]!) !== undefined && valueOf(engine, key) !== server.toLowerCase();

export const platformSettings: Pick<RouteHandlers<typeof settingRoutes>, 'set' | 'delete'> = {
  set: ({ engine, params: { key }, body: { value } }) => {
    const secret = secretsOfServers[key];
    if (secret !== undefined && isOtherServer(engine, key, value))
      throw secretRequired('/value', `is another server: delete ${secret} first, and set it again afterwards`);
    return { status: 200, body: store(engine, key, value) };
  },
  delete: ({ engine, params: { key } }) => {
    remove(engine, key);
    return { status: 204, body: undefined };
  },
};

const keyOf = (field: keyof EmailConfigValues) => `email.${field}`;

export const email: Pick<RouteHandlers<typeof emailRoutes>, 'status' | 'config' | 'configure'> = {
  status: ({ engine }) => {
    const from = valueOf(engine, 'email.from') ?? null;
    return { status: 200, body: { configured: from !== null, from, source: from === null ? 'none' : 'db' } };
  },
  config: ({ engine }) => {
    const text = (field: keyof EmailConfigValues) => valueOf(engine, keyOf(field)) ?? '';
    const body: EmailConfig = {
      from: text('from'),
      smtp_host: text('smtp_host'),
      smtp_port: Number(text('smtp_port') || 587),
      smtp_user: text('smtp_user'),
      smtp_pass_set: text('smtp_pass') !== '',
      smtp_tls_mode: (text('smtp_tls_mode') || 'starttls') as EmailConfig['smtp_tls_mode'],
    };
    return { status: 200, body };
  },
  configure: ({ engine, body }) => {
    const { smtp_pass: password, smtp_host: host } = body;
    if (!password && password !== null && host && isOtherServer(engine, keyOf('smtp_host'), host))
      throw secretRequired('/smtp_pass', 'is needed again for another server, because the stored one is not sent there');
    for (const [field, value] of Object.entries(body) as [keyof EmailConfigValues, string | number | null | undefined][]) {
      if (field === 'smtp_pass' && !value && value !== null) continue;
      if (value === null || value === undefined || value === '') remove(engine, keyOf(field));
      else store(engine, keyOf(field), String(value));
    }
    return { status: 204, body: undefined };
  },
};
