import { z } from 'zod';
import { initContract, type Resource } from './shared/route.ts';

export const SettingFormat = z
  .enum(['date-time', 'json', 'uri'])
  .meta({ id: 'SettingFormat', description: 'What a text is: a time, a JSON document or a URL.' });
export type SettingFormat = z.infer<typeof SettingFormat>;

const SettingFromEnvironment = z
  .object({
    variable: z.string().meta({ description: 'Name of the environment variable.' }),
    value: z.string().meta({ description: 'Its value as text. Sensitive values read `******`.' }),
    takes_precedence: z.boolean().meta({
      description: 'Whether a stored value has no effect. False for settings of the gateway, whose stored values take precedence.',
    }),
  })
  .meta({ id: 'SettingFromEnvironment', description: 'An environment variable that sets a setting.' });

export const SettingSchema = z
  .object({
    key: z.string().meta({ description: 'Key of the setting, such as `limit.team_members`.' }),
    type: z.enum(['string', 'integer', 'number', 'boolean']).meta({ description: 'Type of the value. The value itself is always text.' }),
    default: z.string().nullable().meta({ description: 'Default value as text; null if there is no default.' }),
    description: z.string().meta({ description: 'What the setting does, with its unit.' }),
    sensitive: z.boolean().meta({ description: 'Whether the value is a secret: it is stored encrypted and reads `******`.' }),
    format: SettingFormat.nullable().meta({ description: 'What the text of the value is; null for other values.' }),
    environment: SettingFromEnvironment.nullable().meta({
      description:
        'The environment variable that sets the value in the process that responds; null if none does. Always null for users who are not platform admins.',
    }),
    scope: z.enum(['both', 'platform']).meta({ description: '`both`: plans and overrides can change the value for an account.' }),
  })
  .meta({ id: 'SettingSchema', description: 'A setting and its default.' });
export type SettingSchema = z.infer<typeof SettingSchema>;

export const configSchema = initContract().router({
  list: {
    method: 'GET',
    path: '/v1/config/schema',
    summary: 'List available settings by key',
    description:
      'Users who are not platform admins see only the settings that plans and overrides can change. Use it to build a form for settings, plans or overrides.',
    responses: { 200: z.array(SettingSchema) },
    metadata: { auth: 'user' },
  },
} as const satisfies Resource);
