import { z } from 'zod';
import { skillLimits, SkillName } from '../../../contract/skills.ts';

/** In UTF-16 code units. The fields of the format take less than 2,000. */
const maxFrontMatterLength = 16_384;

const FrontMatter = z.looseObject({
  name: SkillName,
  // On one line, because the model sees one line for each skill.
  description: z
    .string()
    .transform((text) => text.replace(/\s+/g, ' ').trim())
    .refine((text) => text.isWellFormed() && !/\p{Cc}/u.test(text), 'must not contain control characters')
    .pipe(z.string().min(1).max(skillLimits.description)),
});

export type SkillHeader = { name: string; description: string };

/** A `SKILL.md` that is not in the Agent Skills format. */
export class SkillFormatError extends Error {
  override name = 'SkillFormatError';
}

/** Reads name and description from the YAML front matter of a `SKILL.md`. Other fields are allowed. Throws a `SkillFormatError`. */
export async function parseSkillHeader(bytes: Uint8Array): Promise<SkillHeader> {
  const lines = decode(bytes).split(/\r?\n/);
  const end = lines.findIndex((line, at) => at > 0 && line.trimEnd() === '---');
  if (lines[0]!.trimEnd() !== '---' || end < 0)
    throw new SkillFormatError('must begin with YAML front matter between two lines ---, with name and description');
  const source = lines.slice(1, end).join('\n');
  if (source.length > maxFrontMatterLength) throw new SkillFormatError(`has more than ${maxFrontMatterLength} characters of front matter`);
  const { success, data, error } = FrontMatter.safeParse(await parseYaml(source));
  if (success) return { name: data.name, description: data.description };
  throw new SkillFormatError(error.issues.map(({ path, message }) => `${path.join('.') || 'front matter'}: ${message}`).join('; '));
}

async function parseYaml(source: string): Promise<unknown> {
  const { parse } = await import('yaml');
  try {
    // No aliases: they can expand to far more than the source.
    return parse(source, { maxAliasCount: 0, logLevel: 'error' });
  } catch (error) {
    // Also a RangeError, for nesting that is too deep.
    const [message = ''] = error instanceof Error ? error.message.split('\n') : [];
    throw new SkillFormatError(`has front matter that is not YAML: ${message.slice(0, 200).toWellFormed()}`, { cause: error });
  }
}

function decode(bytes: Uint8Array): string {
  try {
    if (bytes.includes(0)) throw new TypeError('U+0000');
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new SkillFormatError('is not text in UTF-8', { cause: error });
  }
}
