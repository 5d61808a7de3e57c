import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { ReasoningMode } from './events.ts';
import { AnyObject, betweenValues, Id, name, notBlank, oneOrMore, someField, Time } from './shared/fields.ts';
import type { Resource } from './shared/route.ts';

export const PersonaScope = z.enum(['account', 'platform']).meta({ id: 'PersonaScope' });
export type PersonaScope = z.infer<typeof PersonaScope>;

/** How a persona goes about a run. */
export const Executor = z
  .enum(['agent.simple', 'native_v1', 'agent.interactive', 'task.classify_route', 'noop'])
  .meta({ id: 'Executor', description: '`native_v1` is `agent.simple`.' });

/** How keys and versions look, as the inside of a regular expression. */
export const keyPattern = '[A-Za-z0-9][A-Za-z0-9._:-]{0,63}';
export const PersonaKey = z.string().regex(new RegExp(`^${keyPattern}$`));

const prompt = z.string().max(100_000);
/** A prompt that says something, at most 100 000 code points. */
export const PersonaPrompt = prompt.refine((text) => text.trim() !== '', 'must not be blank').meta(notBlank);
/** `provider^model`, or a model alone. */
export const ModelSelector = z.string().trim().min(1).max(200);

const tools = z.array(name(128)).overwrite((list) => [...new Set(list)]);
const limit = z.int().min(1);
const cacheControl = z.enum(['none', 'system_prompt']);
const nothing = AnyObject.refine((value) => Object.keys(value).length === 0, 'must be empty')
  .meta({ description: 'Reserved: only `{}`.', maxProperties: 0 })
  .optional();

/** What a persona may spend in one run. */
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
    tool_budget: nothing,
    per_tool_soft_limits: nothing,
  })
  .meta({ id: 'PersonaBudgets' });
export type PersonaBudgets = z.infer<typeof PersonaBudgets>;

/** What a persona is in a role of its own. */
export const PersonaRole = z
  .strictObject({
    soul_md: prompt.nullish(),
    prompt_md: prompt.nullish(),
    tool_allowlist: tools.optional(),
    tool_denylist: tools.optional(),
    budgets: PersonaBudgets.optional(),
    preferred_credential: name(100).nullish(),
    model: ModelSelector.nullish(),
    reasoning_mode: ReasoningMode.optional(),
    stream_thinking: z.boolean().optional(),
    prompt_cache_control: cacheControl.optional(),
  })
  .meta({ id: 'PersonaRole' });

/** Everything about a persona that can be changed. */
const fields = {
  display_name: name(200).optional(),
  description: z.string().max(2_000).nullish(),
  prompt_md: PersonaPrompt.optional().meta({ description: 'The system prompt.' }),
  soul_md: prompt.nullish().meta({ description: 'Who it is; stands before the prompt.' }),
  tool_allowlist: tools.optional().meta({ description: 'Tools or groups of tools; empty is all.' }),
  tool_denylist: tools.optional(),
  core_tools: tools.optional().meta({ description: 'The tools listed from the start; others are loaded when needed. Empty is all.' }),
  budgets: PersonaBudgets.optional(),
  roles: z.record(PersonaKey, PersonaRole).optional().meta({ description: 'Reserved: stored, without effect.' }),
  conditional_tools: z.array(z.unknown()).max(0).optional().meta({ description: 'Reserved: only `[]`.' }),
  model: ModelSelector.nullish().meta({ description: 'A selector: `provider^model`, or a model alone.' }),
  preferred_credential: name(100).nullish().meta({ description: 'A provider by name.' }),
  reasoning_mode: ReasoningMode.optional(),
  stream_thinking: z.boolean().optional(),
  prompt_cache_control: cacheControl.optional(),
  executor_type: Executor.optional(),
  executor_config: AnyObject.optional(),
  user_selectable: z.boolean().optional(),
  selector_name: name(100).nullish(),
  selector_order: z
    .int()
    .min(-(2 ** 31))
    .max(2 ** 31 - 1)
    .nullish(),
};

const isObject = ({ value }: { value: unknown }) => typeof value === 'object' && value !== null && !Array.isArray(value);
type Fields = Partial<Record<string, unknown>>;
/** A field that only a copy can do without; told beside all else that is wrong. */
const neededIn = (
  field: string,
): [(input: Fields) => boolean, { path: string[]; error: string; when: typeof isObject; params: typeof betweenValues }] => [
  (input) => (input.copy_from_repo_persona_key ?? input[field]) !== undefined,
  { path: [field], error: 'is required', when: isObject, params: betweenValues },
];

export const NewPersona = z
  .strictObject({
    scope: PersonaScope.default('account'),
    persona_key: PersonaKey.optional(),
    version: PersonaKey.optional(),
    copy_from_repo_persona_key: PersonaKey.optional().meta({
      description:
        'The key of a builtin that this is a copy of, but for what is given. Without it key, version, name and prompt are required.',
    }),
    ...fields,
  })
  .refine(...neededIn('persona_key'))
  .refine(...neededIn('version'))
  .refine(...neededIn('display_name'))
  .refine(...neededIn('prompt_md'))
  .meta({ id: 'NewPersona' });
export type NewPersona = z.infer<typeof NewPersona>;

export const PersonaChanges = z
  .strictObject({ ...fields, is_active: z.boolean().optional() })
  .refine(...someField)
  .meta(oneOrMore)
  .meta({ id: 'PersonaChanges' });
export type PersonaChanges = z.infer<typeof PersonaChanges>;

const shown = {
  id: z.union([Id, z.string().regex(/^builtin:/)]).meta({ description: 'Of a builtin: `builtin:{key}:{version}`.' }),
  persona_key: z.string(),
  version: z.string(),
  scope: PersonaScope.meta({ description: '`platform` for builtins.' }),
  source: z.enum(['custom', 'builtin']),
  display_name: z.string(),
  description: z.string().nullable(),
  selector_name: z.string().nullable(),
  selector_order: z.int().nullable(),
  model: z.string().nullable(),
  reasoning_mode: ReasoningMode,
};

/** A system prompt with what a run under it may use and spend. */
export const Persona = z
  .object({
    ...shown,
    account_id: Id.nullable().meta({ description: 'Null for the platform and for builtins.' }),
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
    created_at: Time.nullable().meta({ description: 'Null for builtins.' }),
    updated_at: Time.nullable().meta({ description: 'Null for builtins.' }),
  })
  .meta({ id: 'Persona' });
export type Persona = z.infer<typeof Persona>;

/** A persona as a picker needs it. */
export const SelectablePersona = z.object(shown).meta({ id: 'SelectablePersona' });
export type SelectablePersona = z.infer<typeof SelectablePersona>;

const scoped = z.object({ scope: PersonaScope.default('account') });
const read = 'data.personas.read';
const permission = { account: 'data.personas.manage', platform: 'platform.admin' } as const;

/** Personas of the account and of the platform, over those that are built in. */
export const personas = initContract().router({
  selectable: {
    method: 'GET',
    path: '/v1/me/selectable-personas',
    summary: 'List the personas a run can be started with',
    description: 'One for each key: of the account, else of the platform, else built in. In the order of a picker.',
    responses: { 200: z.array(SelectablePersona) },
    metadata: { auth: 'user' },
  },
  list: {
    method: 'GET',
    path: '/v1/personas',
    summary: 'List the personas of a scope, newest first, then the builtins it does not override',
    query: scoped,
    responses: { 200: z.array(Persona) },
    metadata: { auth: 'user', permission: { account: read, platform: 'platform.admin' } },
  },
  create: {
    method: 'POST',
    path: '/v1/personas',
    summary: 'Add a persona',
    description: 'One with the key of a persona of the platform, or of a builtin, takes its place.',
    body: NewPersona,
    responses: { 201: Persona },
    metadata: { auth: 'user', permission, quota: 'personas', audit: ['persona.create', 'persona'] },
  },
  update: {
    method: 'PATCH',
    path: '/v1/personas/{persona_id}',
    summary: 'Change a persona',
    description: 'Lists and objects are replaced as a whole. Runs that are under way keep what they began with.',
    query: scoped,
    body: PersonaChanges,
    responses: { 200: Persona },
    metadata: { auth: 'user', read, permission, audit: ['persona.update', 'persona'] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/personas/{persona_id}',
    summary: 'Remove a persona',
    query: scoped,
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user', read, permission, audit: ['persona.delete', 'persona'] },
  },
} as const satisfies Resource);
