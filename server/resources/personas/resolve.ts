import { keyPattern } from '../../../contract/personas.ts';
import type { Queryable } from '../../database/sql.ts';
import { RunFailure } from '../../models/runFailure.ts';
import { type BuiltinPersona, findBuiltin } from './builtins.ts';
import type { Persona } from './persona.ts';
import { selectEffectivePersona } from './queries.ts';
import { definitionOf, type ListedPersona } from './withBuiltins.ts';

const referencePattern = new RegExp(`^(${keyPattern})(?:@(${keyPattern}))?$`);

/**
 * Resolves `key` or `key@version` to the persona in force now; null means `normal`. Throws `persona.invalid_id`, `persona.not_found` or
 * `persona.version_mismatch`.
 */
export async function resolvePersona(sql: Queryable, accountId: string, requested: string | null): Promise<Persona> {
  const [, key, version = null] = referencePattern.exec(requested || 'normal') ?? [];
  if (key === undefined) throw new RunFailure('persona.invalid_id', 'A persona is named by its key, or as key@version.');
  const found = await findEffective(sql, accountId, key, version);
  if (found) return found;
  const available = version === null ? undefined : await findEffective(sql, accountId, key, null);
  if (!available) throw new RunFailure('persona.not_found', `There is no persona named ${key}.`, { details: { persona_id: requested } });
  throw new RunFailure('persona.version_mismatch', `There is no version ${version} of ${key}.`, {
    details: { requested_version: version, available_version: available.version },
  });
}

async function findEffective(sql: Queryable, accountId: string, key: string, version: string | null): Promise<Persona | undefined> {
  const row = await sql.row(selectEffectivePersona, { accountId, key, version });
  const builtin = await findBuiltin(key);
  if (row) return toPersona({ row, builtin }, row);
  if (!builtin || (version !== null && version !== builtin.version)) return undefined;
  const known = unchanged.get(builtin) ?? toPersona({ builtin }, builtin);
  unchanged.set(builtin, known);
  return known;
}

/** Personas of the built-in definitions, as long as neither the account nor the platform has changed them. */
const unchanged = new WeakMap<BuiltinPersona, Persona>();

function toPersona(listed: ListedPersona, { persona_key: key, version }: { persona_key: string; version: string }): Persona {
  const { soul_md, prompt_md, budgets, ...definition } = definitionOf(listed);
  const { tool_budget: _, per_tool_soft_limits: __, ...limits } = budgets;
  return {
    key,
    version,
    prompt: [soul_md, prompt_md].filter((text) => text?.trim()).join('\n\n'),
    model: definition.model,
    preferred_credential: definition.preferred_credential,
    reasoning_mode: definition.reasoning_mode,
    stream_thinking: definition.stream_thinking,
    prompt_cache_control: definition.prompt_cache_control,
    tool_allowlist: definition.tool_allowlist,
    tool_denylist: definition.tool_denylist,
    core_tools: definition.core_tools,
    skills: definition.skills,
    budgets: limits as Persona['budgets'],
    executor_type: definition.executor_type,
    executor_config: definition.executor_config,
  };
}
