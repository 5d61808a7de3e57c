import { LlmModelSchema, LlmProviderSchema } from '../resources/llmProviders/entity.ts';
import { ProjectSchema } from '../resources/projects/entity.ts';

/** Every entity the ORM maps. A new resource adds one line. */
export const entities = [ProjectSchema, LlmProviderSchema, LlmModelSchema] as const;
