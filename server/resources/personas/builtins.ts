import { readdirSync, readFileSync } from 'node:fs';
import { NewPersona } from '../../../contract/personas.ts';
import { completeDefinition, type CompletePersona, defaults, definedFields, type PersonaDefinition } from './definition.ts';
import { checkExecutor } from './executors.ts';

export type BuiltinPersona = { persona_key: string; version: string; isSystem: boolean; definition: CompletePersona };

const folder = new URL('./builtin/', import.meta.url);
let reading: Promise<readonly BuiltinPersona[]> | undefined;

/** The built-in personas by `selector_order`; those without one come last. Read from disk once per process. */
export function builtins(): Promise<readonly BuiltinPersona[]> {
  reading ??= readAll();
  return reading;
}

export const findBuiltin = async (key: string): Promise<BuiltinPersona | undefined> =>
  (await builtins()).find((each) => each.persona_key === key);

async function readAll(): Promise<readonly BuiltinPersona[]> {
  const { parse } = await import('yaml');
  const place = ({ definition: { selector_order: order } }: BuiltinPersona) => order ?? Number.POSITIVE_INFINITY;
  return readdirSync(folder)
    .map((key) => read(key, parse))
    .sort((a, b) => place(a) - place(b));
}

type Parse = typeof import('yaml').parse;

/** Reads `<key>/persona.yaml`, in the format of the create request, and `<key>/prompt.md`. Throws if the definition is invalid. */
function read(persona_key: string, parse: Parse): BuiltinPersona {
  const home = new URL(`${persona_key}/`, folder);
  const text = (path: string) => readFileSync(new URL(path, home), 'utf8').trim();
  const { system: isSystem = false, ...written } = parse(text('persona.yaml'));
  const { scope: _, persona_key: key, version, ...fields } = NewPersona.parse({ ...written, persona_key, prompt_md: text('prompt.md') });
  const definition = { ...defaults, ...definedFields(fields) } as PersonaDefinition;
  checkExecutor(definition);
  return { persona_key: key!, version: version!, isSystem: isSystem === true, definition: completeDefinition(definition) };
}
