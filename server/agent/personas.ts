import { RunFailure } from './failure.ts';

/** A system prompt with the way a model is to be used. */
export type Persona = { key: string; version: string; prompt: string; model: string | null };

/** The personas that come with the product. */
const builtins: readonly Persona[] = [
  {
    key: 'normal',
    version: '1',
    prompt:
      'You are a helpful assistant. Answer in the language of the user, plainly and to the point. Say so when you do not know something.',
    model: null,
  },
];

/** The persona a run asks for as `key` or `key@version`; `normal` when it asks for none. Throws `persona.not_found` or `persona.version_mismatch`. */
export function findPersona(requested: string | null): Persona {
  const [key, version] = (requested || 'normal').split('@');
  const persona = builtins.find((each) => each.key === key);
  if (!persona) throw new RunFailure('persona.not_found', `There is no persona named ${key}.`);
  if (version !== undefined && version !== persona.version) {
    const details = { requested_version: version, available_version: persona.version };
    throw new RunFailure('persona.version_mismatch', `The persona ${key} has no version ${version}.`, { details });
  }
  return persona;
}
