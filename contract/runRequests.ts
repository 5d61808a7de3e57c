import { z } from 'zod';
import { InputAction } from './eventData.ts';
import type { ReasoningMode } from './events.ts';
import { Id, inconsistentValues, notBlankMeta, searchParam } from './shared/fields.ts';
import { pageQuery } from './shared/pagination.ts';

export const RunStatus = z.enum(['running', 'waiting_for_input', 'cancelling', 'completed', 'failed', 'cancelled']).meta({
  id: 'RunStatus',
  description: 'Status of a run. `completed`, `failed` and `cancelled` are final; `running` includes the time in the queue.',
});
export type RunStatus = z.infer<typeof RunStatus>;

const namePattern = '[A-Za-z0-9][A-Za-z0-9._:-]{0,63}';
const modeAliases: Record<string, ReasoningMode> = { off: 'none', max: 'xhigh', 'extra high': 'xhigh', extra_high: 'xhigh' };
const reasoningModeInput = z
  .enum(['auto', 'enabled', 'disabled', 'none', 'off', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max', 'extra high'])
  .meta({ id: 'ReasoningModeInput', description: 'A reasoning mode, or another spelling of one.' });

/** The mode for an accepted spelling. */
export const parseReasoningMode = (word: z.infer<typeof reasoningModeInput>): ReasoningMode => modeAliases[word] ?? (word as ReasoningMode);

const model = z.string().trim().max(200).nullish().meta({ description: 'Model selector: `provider^model`, or a model name alone.' });

export const runOptions = {
  route_id: z
    .string()
    .regex(new RegExp(`^${namePattern}$`))
    .nullish()
    .meta({ description: 'ID of a provider model.' }),
  persona_id: z
    .string()
    .regex(new RegExp(`^(?:${namePattern}(?:@${namePattern})?)?$`))
    .nullish()
    .meta({ description: 'Persona: `key` or `key@version`.' }),
  model,
  reasoning_mode: reasoningModeInput.nullish().meta({
    description: 'How much the model reasons. Overrides the mode of the persona; `off` means `none`; `max` and `extra high` mean `xhigh`.',
  }),
};

export const NewRun = z.strictObject(runOptions).meta({ id: 'NewRun', description: 'The options of a run. All can be omitted.' });
export type NewRun = z.infer<typeof NewRun>;

export const RetryRequest = z
  .strictObject(runOptions)
  .meta({ id: 'RetryRequest', description: 'Options that differ from those of the repeated run.' });

/** The largest sequence number of an event. */
export const maxSeq = 2 ** 31 - 1;

export const ReplayRequest = z
  .strictObject({
    after_seq: z.int().min(0).max(maxSeq).default(0).meta({
      description:
        'The sequence number of an event of the run. Turns that were complete then, with the results of their tools, are kept. 0 keeps none: the new run starts at the message.',
    }),
    ...runOptions,
  })
  .meta({ id: 'ReplayRequest', description: 'Where to start, and options that differ from those of the replayed run.' });
export type ReplayRequest = z.output<typeof ReplayRequest>;

export const ContinueRequest = z
  .strictObject({ run_id: Id.meta({ description: 'A failed or canceled run of the thread that has produced output.' }) })
  .meta({ id: 'ContinueRequest', description: 'The run to continue.' });

const idPrefix = z
  .string()
  .regex(/^[0-9a-fA-F-]{1,36}$/)
  .toLowerCase()
  .meta({ description: 'An ID or ID prefix.' });

export const RunFilter = pageQuery().extend({
  status: RunStatus.optional().meta({ description: 'Return only runs with this status.' }),
  run_id: idPrefix.optional(),
  thread_id: idPrefix.optional(),
  parent_run_id: Id.optional().meta({ description: 'Return only the child runs of this run.' }),
  model: searchParam().optional().meta({ description: 'Matches part of the model name, ignoring case.' }),
  persona_id: searchParam().optional().meta({ description: 'Matches part of the persona, ignoring case.' }),
  since: z.iso
    .datetime({ offset: true })
    .optional()
    .meta({ description: 'Created at or after this instant (RFC 3339, in any time zone).' }),
  until: z.iso
    .datetime({ offset: true })
    .optional()
    .meta({ description: 'Created at or before this instant (RFC 3339, in any time zone).' }),
  account_id: z
    .union([z.literal('all'), Id])
    .meta({ id: 'AccountFilter', description: 'The ID of an account, or `all`.' })
    .optional()
    .meta({ description: 'Another account, or `all`. Platform admins only.' }),
  user_id: Id.optional().meta({ description: 'Platform admins only.' }),
});
export type RunFilter = z.infer<typeof RunFilter>;

export const CancelRequest = z
  .strictObject({
    last_seen_seq: z.int().min(0).nullish().meta({ description: 'The `seq` of the last event that the client had received.' }),
    client_cancelled_at: z.iso
      .datetime({ offset: true })
      .nullish()
      .meta({ description: 'Time of the cancellation by the clock of the client.' }),
  })
  .meta({ id: 'CancelRequest', description: 'What the client had seen when it canceled the run. For the record only.' });
export type CancelRequest = z.infer<typeof CancelRequest>;

export const RunInput = z
  .strictObject({
    content: z
      .string()
      .refine((text) => text.trim() !== '', 'must not be blank')
      .optional()
      .meta({
        description:
          'At most 32,768 bytes of UTF-8. The answer to an MCP server is a JSON object that matches its `requestedSchema`. Required unless `action` is `decline` or `cancel`.',
        ...notBlankMeta,
      }),
    action: InputAction.optional().meta({
      description: 'What to do with the question of an MCP server. Default: `accept`. Not allowed with other input.',
    }),
    request_id: z.string().min(1).max(128).optional().meta({
      description:
        'The question that is answered. Required for the question of an MCP server. If the run does not wait for this question, 409 `question_closed` is returned and nothing is changed.',
    }),
    input_key: z.string().min(1).max(128).nullish().meta({ description: 'Further inputs with the same key are ignored.' }),
  })
  .refine(({ content, action = 'accept' }) => action !== 'accept' || content !== undefined, {
    path: ['content'],
    error: 'is required',
    params: inconsistentValues,
  })
  .meta({ id: 'RunInput', description: 'An answer to a question of the run, or further instructions.' });
export type RunInput = z.infer<typeof RunInput>;
