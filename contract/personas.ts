import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { ReasoningMode } from './events.ts';
import { AnyObject, changes, Id, inconsistentValues, notBlankMeta, Time, trimmedText } from './shared/fields.ts';
import type { Resource } from './shared/route.ts';

export const PersonaScope = z.enum(['account', 'platform']).meta({ id: 'PersonaScope' });
export type PersonaScope = z.infer<typeof PersonaScope>;

export const Executor = z
  .enum(['agent.simple', 'native_v1', 'agent.interactive', 'task.classify_route', 'noop'])
  .meta({ id: 'Executor', description: '`native_v1` is an alias of `agent.simple`.' });

/** Regular expression for keys and versions, without anchors. */
export const keyPattern = '[A-Za-z0-9][A-Za-z0-9._:-]{0,63}';
export const PersonaKey = z.string().regex(new RegExp(`^${keyPattern}$`));

const prompt = z.string().max(100_000);
/** At most 100,000 code points, not blank. */
export const PersonaPrompt = prompt.refine((text) => text.trim() !== '', 'must not be blank').meta(notBlankMeta);
/** `provider^model`, or a model name alone. */
export const ModelSelector = z.string().trim().min(1).max(200);

const tools = z.array(trimmedText(128)).overwrite((list) => [...new Set(list)]);
const limit = z.int().min(1);
const cacheControl = z.enum(['none', 'system_prompt']);
const emptyObject = AnyObject.refine((value) => Object.keys(value).length === 0, 'must be empty')
  .meta({ description: 'Reserved; must be `{}`.', maxProperties: 0 })
  .optional();

/** Limits of a persona for one run. */
export const PersonaBudgets = z
  .strictObject({
    reasoning_iterations: limit.optional(),
    tool_continuation_budget: limit.optional(),
    max_output_tokens: limit.optional(),
    tool_timeout_ms: limit.optional(),
    max_cost_micros: limit.optional(),
    max_total_output_tokens: limit.optional(),
    temperature: z.number().min(0).max(2).optional(),
    top_p: z.number().min(0).max(1).optional(),
    tool_budget: emptyObject,
    per_tool_soft_limits: emptyObject,
  })
  .meta({ id: 'PersonaBudgets' });
export type PersonaBudgets = z.infer<typeof PersonaBudgets>;

/** Values of a persona for one role. */
export const PersonaRole = z
  .strictObject({
    soul_md: prompt.nullish(),
    prompt_md: prompt.nullish(),
    tool_allowlist: tools.optional(),
    tool_denylist: tools.optional(),
    budgets: PersonaBudgets.optional(),
    preferred_credential: trimmedText(100).nullish(),
    model: ModelSelector.nullish(),
    reasoning_mode: ReasoningMode.optional(),
    stream_thinking: z.boolean().optional(),
    prompt_cache_control: cacheControl.optional(),
  })
  .meta({ id: 'PersonaRole' });

const fields = {
  display_name: trimmedText(200).optional(),
  description: z.string().max(2_000).nullish(),
  prompt_md: PersonaPrompt.optional().meta({ description: 'The system prompt.' }),
  soul_md: prompt.nullish().meta({ description: 'Describes who the persona is. Placed before the system prompt.' }),
  tool_allowlist: tools.optional().meta({ description: 'Tools or tool groups; empty means all.' }),
  tool_denylist: tools.optional(),
  core_tools: tools.optional().meta({ description: 'Tools listed from the start; others are loaded on demand. Empty means all.' }),
  budgets: PersonaBudgets.optional(),
  roles: z.record(PersonaKey, PersonaRole).optional().meta({ description: 'Reserved; stored, but has no effect.' }),
  conditional_tools: z.array(z.unknown()).max(0).optional().meta({ description: 'Reserved; must be `[]`.' }),
  model: ModelSelector.nullish().meta({ description: 'Model selector: `provider^model`, or a model name alone.' }),
  preferred_credential: trimmedText(100).nullish().meta({ description: 'Name of a model provider.' }),
  reasoning_mode: ReasoningMode.optional(),
  stream_thinking: z.boolean().optional(),
  prompt_cache_control: cacheControl.optional(),
  executor_type: Executor.optional(),
  executor_config: AnyObject.optional(),
  user_selectable: z.boolean().optional(),
  selector_name: trimmedText(100).nullish(),
  selector_order: z
    .int()
    .min(-(2 ** 31))
    .max(2 ** 31 - 1)
    .nullish(),
};

const isObject = ({ value }: { value: unknown }) => typeof value === 'object' && value !== null && !Array.isArray(value);
type Fields = Partial<Record<string, unknown>>;
/** A field that is required unless the persona is a copy. Reported together with all other issues. */
const requiredUnlessCopied = (
  field: string,
): [(input: Fields) => boolean, { path: string[]; error: string; when: typeof isObject; params: typeof inconsistentValues }] => [
  (input) => (input.copy_from_repo_persona_key ?? input[field]) !== undefined,
  { path: [field], error: 'is required', when: isObject, params: inconsistentValues },
];

export const NewPersona = z
  .strictObject({
    scope: PersonaScope.default('account'),
    persona_key: PersonaKey.optional(),
    version: PersonaKey.optional(),
    copy_from_repo_persona_key: PersonaKey.optional().meta({
      description:
        'Key of a built-in persona to copy; the given fields override those of the copy. Without it, `persona_key`, `version`, `display_name` and `prompt_md` are required.',
    }),
    ...fields,
  })
  .refine(...requiredUnlessCopied('persona_key'))
  .refine(...requiredUnlessCopied('version'))
  .refine(...requiredUnlessCopied('display_name'))
  .refine(...requiredUnlessCopied('prompt_md'))
  .meta({ id: 'NewPersona' });
export type NewPersona = z.infer<typeof NewPersona>;

export const PersonaChanges = changes({ ...fields, is_active: z.boolean().optional() }).meta({ id: 'PersonaChanges' });
export type PersonaChanges = z.infer<typeof PersonaChanges>;

const listedFields = {
  id: z.union([Id, z.string().regex(/^builtin:/)]).meta({ description: 'For built-in personas: `builtin:{key}:{version}`.' }),
  persona_key: z.string(),
  version: z.string(),
  scope: PersonaScope.meta({ description: '`platform` for built-in personas.' }),
  source: z.enum(['custom', 'builtin']),
  display_name: z.string(),
  description: z.string().nullable(),
  selector_name: z.string().nullable(),
  selector_order: z.int().nullable(),
  model: z.string().nullable(),
  reasoning_mode: ReasoningMode,
};

/** A system prompt with the tools, models and budgets of its runs. */
export const Persona = z
  .object({
    ...listedFields,
    account_id: Id.nullable().meta({ description: 'Null for platform and built-in personas.' }),
    is_active: z.boolean(),
    prompt_md: z.string(),
    soul_md: z.string().nullable(),
    tool_allowlist: z.array(z.string()),
    tool_denylist: z.array(z.string()),
    core_tools: z.array(z.string()),
    budgets: PersonaBudgets,
    roles: z.record(z.string(), PersonaRole),
    conditional_tools: z.array(z.unknown()),
    preferred_credential: z.string().nullable(),
    stream_thinking: z.boolean(),
    prompt_cache_control: cacheControl,
    executor_type: Executor,
    executor_config: AnyObject,
    user_selectable: z.boolean(),
    created_at: Time.nullable().meta({ description: 'Null for built-in personas.' }),
    updated_at: Time.nullable().meta({ description: 'Null for built-in personas.' }),
  })
  .meta({ id: 'Persona' });
export type Persona = z.infer<typeof Persona>;

/** The fields of a persona that a picker needs. */
export const SelectablePersona = z.object(listedFields).meta({ id: 'SelectablePersona' });
export type SelectablePersona = z.infer<typeof SelectablePersona>;

const scoped = z.object({ scope: PersonaScope.default('account') });
const read = 'data.personas.read';
const permission = { account: 'data.personas.manage', platform: 'platform.admin' } as const;

export const personas = initContract().router({
  selectable: {
    method: 'GET',
    path: '/v1/me/selectable-personas',
    summary: 'List the personas that a run can use',
    description: 'Returns one persona per key: of the account, else of the platform, else built in. Sorted for display in a picker.',
    responses: { 200: z.array(SelectablePersona) },
    metadata: { auth: 'user' },
  },
  list: {
    method: 'GET',
    path: '/v1/personas',
    summary: 'List the personas of a scope, newest first, then the built-in personas that are not overridden',
    query: scoped,
    responses: { 200: z.array(Persona) },
    metadata: { auth: 'user', permission: { account: read, platform: 'platform.admin' } },
  },
  create: {
    method: 'POST',
    path: '/v1/personas',
    summary: 'Create a persona',
    description: 'A persona with the key of a platform or built-in persona overrides it.',
    body: NewPersona,
    responses: { 201: Persona },
    metadata: { auth: 'user', permission, quota: 'personas', audit: ['persona.create', 'persona'] },
  },
  update: {
    method: 'PATCH',
    path: '/v1/personas/{persona_id}',
    summary: 'Update a persona',
    description: 'Lists and objects are replaced as a whole. Active runs keep the values they started with.',
    query: scoped,
    body: PersonaChanges,
    responses: { 200: Persona },
    metadata: { auth: 'user', read, permission, audit: ['persona.update', 'persona'] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/personas/{persona_id}',
    summary: 'Delete a persona',
    query: scoped,
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user', read, permission, audit: ['persona.delete', 'persona'] },
  },
} as const satisfies Resource);
