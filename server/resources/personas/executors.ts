import { z } from 'zod';
import { ModelSelector, PersonaKey, PersonaPrompt } from '../../../contract/personas.ts';
import type { Issue } from '../../../contract/shared/errors.ts';
import { inconsistentValues } from '../../../contract/shared/fields.ts';
import { parseValue } from '../../../contract/shared/input.ts';
import { invalid } from '../../platform/failure.ts';
import type { PersonaDefinition } from './definition.ts';

/**
 * A target of the classifier: either another persona with its tools and reasoning, or a single answer to `prompt_override` without tools.
 */
const ClassifiedRoute = z
  .strictObject({ persona_id: PersonaKey.optional(), prompt_override: PersonaPrompt.optional(), model_override: ModelSelector.nullish() })
  .refine(({ persona_id, prompt_override }) => (persona_id === undefined) !== (prompt_override === undefined), {
    path: ['prompt_override'],
    message: 'needs either persona_id or prompt_override',
  });

export const ClassifyRouteConfig = z
  .strictObject({
    routes: z.record(PersonaKey, ClassifiedRoute).refine((routes) => Object.keys(routes).length > 0, 'needs a route'),
    default_route: z.string().nullish(),
  })
  .refine(({ routes, default_route: name }) => name == null || Object.hasOwn(routes, name), {
    path: ['default_route'],
    message: 'must be one of the routes',
  });

/** `executor_config` of `agent.interactive`: turns between check-ins, and the maximum wait for an answer in seconds. */
const InteractiveConfig = z.strictObject({
  check_in_every: z.int().min(1).optional(),
  max_wait_seconds: z.int().min(1).max(86_400).optional(),
});

const configs: Partial<Record<PersonaDefinition['executor_type'], z.ZodType>> = {
  'task.classify_route': ClassifyRouteConfig,
  'agent.interactive': InteractiveConfig,
};

/** Throws 400 for an `executor_config` that does not match the executor. */
export function checkExecutor({ executor_type: type, executor_config: config }: PersonaDefinition): void {
  const shape = configs[type];
  if (!shape) return;
  const issues: Issue[] = [];
  parseValue(z.object({ executor_config: shape }), { executor_config: config }, 'body', issues);
  if (issues.length > 0) throw invalid(issues, inconsistentValues.reason);
}
