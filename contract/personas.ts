import { z } from 'zod';
import { ReasoningMode } from './events.ts';
import { AnyObject, changes, Id, inconsistentValues, notBlankMeta, Time, trimmedText } from './shared/fields.ts';
import { pageQuery } from './shared/pagination.ts';
import { initContract, type Resource } from './shared/route.ts';
import { SkillName } from './skills.ts';

export const PersonaScope = z
  .enum(['account', 'platform'])
  .meta({ id: 'PersonaScope', description: 'Whether the persona belongs to an account or to all accounts of the platform.' });
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
const cacheControl = z
  .enum(['none', 'system_prompt'])
  .meta({ id: 'PromptCacheControl', description: 'Which part of a prompt the provider is asked to cache.' });
const emptyObject = z
  .record(z.string(), z.unknown())
  .refine((value) => Object.keys(value).length === 0, 'must be empty')
  .meta({ id: 'EmptyObject', description: 'An object without properties.', maxProperties: 0 })
  .optional();

export const PersonaBudgets = z
  .strictObject({
    reasoning_iterations: limit
      .optional()
      .meta({ description: "Maximum model calls of a run. The lower value of this and the platform's limit applies." }),
    tool_continuation_budget: limit.optional().meta({ description: 'Reserved; stored, but has no effect.' }),
    max_output_tokens: limit.optional().meta({ description: 'Maximum output tokens of one model call.' }),
    tool_timeout_ms: limit.optional().meta({ description: 'Maximum duration of one tool call, in milliseconds.' }),
    max_cost_micros: limit.optional().meta({ description: 'Maximum cost of a run, in millionths of a US dollar.' }),
    max_total_output_tokens: limit.optional().meta({ description: 'Maximum output tokens of a run.' }),
    temperature: z
      .number()
      .min(0)
      .max(2)
      .optional()
      .meta({ description: 'Randomness of the model, from 0 to 2. The default depends on the model.' }),
    top_p: z.number().min(0).max(1).optional().meta({ description: 'Nucleus sampling, from 0 to 1. The default depends on the model.' }),
    tool_budget: emptyObject.meta({ description: 'Reserved; must be `{}`.' }),
    per_tool_soft_limits: emptyObject.meta({ description: 'Reserved; must be `{}`.' }),
  })
  .meta({ id: 'PersonaBudgets', description: 'Limits of a persona for one run.' });
export type PersonaBudgets = z.infer<typeof PersonaBudgets>;

export const PersonaRole = z
  .strictObject({
    soul_md: prompt.nullish().meta({ description: 'Overrides `soul_md` of the persona.' }),
    prompt_md: prompt.nullish().meta({ description: 'Overrides `prompt_md` of the persona.' }),
    tool_allowlist: tools.optional().meta({ description: 'Overrides `tool_allowlist` of the persona.' }),
    tool_denylist: tools.optional().meta({ description: 'Overrides `tool_denylist` of the persona.' }),
    budgets: PersonaBudgets.optional().meta({ description: 'Overrides `budgets` of the persona.' }),
    preferred_credential: trimmedText(100).nullish().meta({ description: 'Overrides `preferred_credential` of the persona.' }),
    model: ModelSelector.nullish().meta({ description: 'Overrides `model` of the persona.' }),
    reasoning_mode: ReasoningMode.optional().meta({ description: 'Overrides `reasoning_mode` of the persona.' }),
    stream_thinking: z.boolean().optional().meta({ description: 'Overrides `stream_thinking` of the persona.' }),
    prompt_cache_control: cacheControl.optional().meta({ description: 'Overrides `prompt_cache_control` of the persona.' }),
  })
  .meta({ id: 'PersonaRole', description: 'Values of a persona for one role.' });

const fields = {
  display_name: trimmedText(200).optional().meta({ description: 'Name shown to users, 1 to 200 characters.' }),
  description: z.string().max(2_000).nullish().meta({ description: 'What the persona is good for, at most 2,000 characters.' }),
  prompt_md: PersonaPrompt.optional().meta({ description: 'The system prompt.' }),
  soul_md: prompt.nullish().meta({ description: 'Describes who the persona is. Placed before the system prompt.' }),
  tool_allowlist: tools.optional().meta({ description: 'Tools or tool groups; empty means all.' }),
  tool_denylist: tools.optional().meta({ description: 'Tools or tool groups that the model cannot call.' }),
  core_tools: tools.optional().meta({ description: 'Tools listed from the start; others are loaded on demand. Empty means all.' }),
  skills: z
    .array(SkillName)
    .max(100)
    .overwrite((list) => [...new Set(list)])
    .optional()
    .meta({
      description: 'Names of the skills that the model can load; empty means all of the account. Names without a skill are ignored.',
    }),
  budgets: PersonaBudgets.optional().meta({ description: 'Limits of a run.' }),
  roles: z.record(PersonaKey, PersonaRole).optional().meta({ description: 'Reserved; stored, but has no effect.' }),
  conditional_tools: z.array(z.unknown()).max(0).optional().meta({ description: 'Reserved; must be `[]`.' }),
  model: ModelSelector.nullish().meta({ description: 'Model selector: `provider^model`, or a model name alone.' }),
  preferred_credential: trimmedText(100).nullish().meta({ description: 'Name of a model provider.' }),
  reasoning_mode: ReasoningMode.optional().meta({
    description: 'How much the model reasons, unless the run says otherwise. Default: `auto`.',
  }),
  stream_thinking: z.boolean().optional().meta({ description: 'Whether events contain the reasoning of the model. Default: true.' }),
  prompt_cache_control: cacheControl
    .optional()
    .meta({ description: '`system_prompt` asks Anthropic to cache the system prompt. Default: `none`.' }),
  executor_type: Executor.optional().meta({ description: 'How runs are executed. Default: `agent.simple`.' }),
  executor_config: AnyObject.optional().meta({ description: 'Options of the executor, such as `check_in_every` of `agent.interactive`.' }),
  user_selectable: z.boolean().optional().meta({ description: 'Whether a picker offers the persona. Default: false.' }),
  selector_name: trimmedText(100).nullish().meta({ description: 'Name in a picker; null means `display_name`.' }),
  selector_order: z
    .int()
    .min(-(2 ** 31))
    .max(2 ** 31 - 1)
    .nullish()
    .meta({ description: 'Position in a picker, ascending; null means 99.' }),
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
    scope: PersonaScope.default('account').meta({ description: 'Where to create the persona. `platform` requires a platform admin.' }),
    persona_key: PersonaKey.optional().meta({
      description: 'Stable name for `persona_id` of runs, such as `support`. It cannot be changed.',
    }),
    version: PersonaKey.optional().meta({ description: 'Version of the persona, such as `1`. It cannot be changed.' }),
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
  .meta({ id: 'NewPersona', description: 'A persona to create.' });
export type NewPersona = z.infer<typeof NewPersona>;

export const PersonaChanges = changes({
  ...fields,
  is_active: z.boolean().optional().meta({ description: 'Whether runs can use the persona.' }),
}).meta({ id: 'PersonaChanges', description: 'The fields of the persona to change. At least one is required.' });
export type PersonaChanges = z.infer<typeof PersonaChanges>;

const listedFields = {
  id: z
    .union([Id, z.string().regex(/^builtin:/)])
    .meta({ id: 'PersonaId', description: 'ID of a stored or built-in persona.' })
    .meta({ description: 'For built-in personas: `builtin:{key}:{version}`.' }),
  persona_key: z.string().meta({ description: 'Name for `persona_id` of runs.' }),
  version: z.string().meta({ description: 'Runs select a version with `key@version`; otherwise the newest applies.' }),
  scope: PersonaScope.meta({ description: '`platform` for built-in personas.' }),
  source: z
    .enum(['custom', 'builtin'])
    .meta({ id: 'PersonaSource', description: 'Origin of a persona.' })
    .meta({ description: '`builtin` personas cannot be changed or deleted.' }),
  display_name: z.string().meta({ description: 'Name shown to users.' }),
  description: z.string().nullable().meta({ description: 'What the persona is good for.' }),
  selector_name: z.string().nullable().meta({ description: 'Name in a picker; null means `display_name`.' }),
  selector_order: z.int().nullable().meta({ description: 'Position in a picker, ascending; null means 99.' }),
  model: z
    .string()
    .nullable()
    .meta({ description: 'Model selector: `provider^model`, or a model name alone; null means the default model.' }),
  reasoning_mode: ReasoningMode.meta({ description: 'How much the model reasons, unless the run says otherwise.' }),
};

export const Persona = z
  .object({
    ...listedFields,
    account_id: Id.nullable().meta({ description: 'Null for platform and built-in personas.' }),
    is_active: z.boolean().meta({ description: 'Whether runs can use the persona.' }),
    prompt_md: z.string().meta({ description: 'The system prompt.' }),
    soul_md: z.string().nullable().meta({ description: 'Describes who the persona is. Placed before the system prompt.' }),
    tool_allowlist: z.array(z.string()).meta({ description: 'Tools or tool groups that the model can call; empty means all.' }),
    tool_denylist: z.array(z.string()).meta({ description: 'Tools or tool groups that the model cannot call.' }),
    core_tools: z.array(z.string()).meta({ description: 'Tools listed from the start; others are loaded on demand. Empty means all.' }),
    skills: z.array(z.string()).meta({ description: 'Names of the skills that the model can load; empty means all of the account.' }),
    budgets: PersonaBudgets.meta({ description: 'Limits of a run.' }),
    roles: z.record(z.string(), PersonaRole).meta({ description: 'Reserved; stored, but has no effect.' }),
    conditional_tools: z.array(z.unknown()).meta({ description: 'Reserved; always `[]`.' }),
    preferred_credential: z.string().nullable().meta({ description: 'Name of the model provider to use if no model is selected.' }),
    stream_thinking: z.boolean().meta({ description: 'Whether events contain the reasoning of the model.' }),
    prompt_cache_control: cacheControl.meta({ description: '`system_prompt` asks Anthropic to cache the system prompt.' }),
    executor_type: Executor.meta({ description: 'How runs are executed.' }),
    executor_config: AnyObject.meta({ description: 'Options of the executor.' }),
    user_selectable: z.boolean().meta({ description: 'Whether a picker offers the persona.' }),
    created_at: Time.nullable().meta({ description: 'Null for built-in personas.' }),
    updated_at: Time.nullable().meta({ description: 'Null for built-in personas.' }),
  })
  .meta({ id: 'Persona', description: 'A system prompt with the tools, models and budgets of its runs.' });
export type Persona = z.infer<typeof Persona>;

export const SelectablePersona = z
  .object(listedFields)
  .meta({ id: 'SelectablePersona', description: 'The fields of a persona that a picker needs.' });
export type SelectablePersona = z.infer<typeof SelectablePersona>;

const scoped = z.object({
  scope: PersonaScope.default('account').meta({ description: 'Whose persona it is. `platform` requires a platform admin.' }),
});
const read = 'data.personas.read';
const permission = { account: 'data.personas.manage', platform: 'platform.admin' } as const;

export const personas = initContract().router({
  selectable: {
    method: 'GET',
    path: '/v1/me/selectable-personas',
    summary: 'List the personas that a run can use',
    description:
      'Returns one persona per key: of the account, else of the platform, else built in. Sorted for display in a picker. Send the `persona_key` of the selected one as `persona_id` of a run.',
    responses: { 200: z.array(SelectablePersona) },
    metadata: { auth: 'user' },
  },
  list: {
    method: 'GET',
    path: '/v1/personas',
    summary: 'List the personas of a scope, newest first, then built-in ones',
    description: 'Complete personas, inactive ones too. For a picker, use `GET /v1/me/selectable-personas`.',
    query: pageQuery(200).extend(scoped.shape),
    responses: { 200: z.array(Persona) },
    metadata: { auth: 'user', permission: { account: read, platform: 'platform.admin' }, pages: 'cursor' },
  },
  create: {
    method: 'POST',
    path: '/v1/personas',
    summary: 'Create a persona',
    description: 'A persona with the key of a platform or built-in persona overrides it. Runs use it with its key as `persona_id`.',
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
    description: 'Runs that have started keep it. If it overrode a platform or built-in persona, that one applies again.',
    query: scoped,
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user', read, permission, audit: ['persona.delete', 'persona'] },
  },
} as const satisfies Resource);
