import { LlmModelSchema, LlmProviderSchema } from '../resources/llmProviders/entity.ts';
import { ProjectSchema } from '../resources/projects/entity.ts';

/** Every entity the ORM maps: those of resources that use its unit of work. */
export const entities = [ProjectSchema, LlmProviderSchema, LlmModelSchema] as const;
