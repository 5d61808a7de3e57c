import { readdirSync, readFileSync } from 'node:fs';
import { NewPersona } from '../../../contract/personas.ts';
import { type CompletePersona, complete, defaults, type PersonaDefinition, stated } from './definition.ts';
import { checkExecutor } from './executors.ts';

/** A persona that comes with the product. */
export type Builtin = { persona_key: string; version: string; isSystem: boolean; definition: CompletePersona };

const folder = new URL('builtin/', import.meta.url);
let reading: Promise<readonly Builtin[]> | undefined;

/** The personas that come with the product, in the order in which they are offered; the hidden ones last. Read once. */
export function builtins(): Promise<readonly Builtin[]> {
  reading ??= readAll();
  return reading;
}

/** The builtin with a key. */
export const builtinOf = async (key: string): Promise<Builtin | undefined> => (await builtins()).find((each) => each.persona_key === key);

async function readAll(): Promise<readonly Builtin[]> {
  const { parse } = await import('yaml');
  const place = ({ definition: { selector_order: order } }: Builtin) => order ?? Number.POSITIVE_INFINITY;
  return readdirSync(folder)
    .map((key) => read(key, parse))
    .sort((a, b) => place(a) - place(b));
}

type Parse = typeof import('yaml').parse;

/** A folder `<key>/` with `persona.yaml`, written as a request would be, and `prompt.md`. Throws what is wrong with it. */
function read(persona_key: string, parse: Parse): Builtin {
  const home = new URL(`${persona_key}/`, folder);
  const text = (path: string) => readFileSync(new URL(path, home), 'utf8').trim();
  const { system: isSystem = false, ...written } = parse(text('persona.yaml'));
  const { scope: _, persona_key: key, version, ...fields } = NewPersona.parse({ ...written, persona_key, prompt_md: text('prompt.md') });
  const definition = { ...defaults, ...stated(fields) } as PersonaDefinition;
  checkExecutor(definition);
  return { persona_key: key!, version: version!, isSystem: isSystem === true, definition: complete(definition) };
}
