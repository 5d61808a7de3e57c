import confusables from 'unhomoglyph/data.json' with { type: 'json' };
import { hasControls, withoutInvisible } from '../../../contract/shared/text.ts';

// Recommended scripts (UAX 31, table 5). Identifiers use no other scripts; most letters of those look like Latin ones.
const single = [
  ...['Arabic', 'Armenian', 'Bengali', 'Cyrillic', 'Devanagari', 'Ethiopic', 'Georgian', 'Greek', 'Gujarati', 'Gurmukhi', 'Hebrew'],
  ...['Kannada', 'Khmer', 'Lao', 'Malayalam', 'Myanmar', 'Oriya', 'Sinhala', 'Tamil', 'Telugu', 'Thaana', 'Thai', 'Tibetan'],
];
const together = [
  ['Latin', 'Han', 'Hiragana', 'Katakana'],
  ['Latin', 'Han', 'Bopomofo'],
  ['Latin', 'Han', 'Hangul'],
];
const shared = ['Common', 'Inherited'];
const classOf = (scripts: readonly string[]) => `[${scripts.map((script) => String.raw`\p{Script_Extensions=${script}}`).join('')}]*`;
const oneScript = new RegExp(
  `^(?:${[...together, ...single.map((script) => [script])].map((list) => classOf([...shared, ...list])).join('|')})$`,
  'u',
);

/**
 * Whether a text uses a single script, or one of the combinations used for Chinese, Japanese and Korean: restriction level "highly restrictive" of
 * UTS 39. Also rejects invisible characters. Expects NFKC.
 */
export const isInOneScript = (text: string): boolean => /^[\x20-\x7e]*$/.test(text) || (oneScript.test(text) && !hasInvisible(text));

// Scripts with letters that look alike.
const alike = ['Latin', 'Cyrillic', 'Greek', 'Armenian', 'Cherokee', 'Coptic'].map(
  (script) => new RegExp(String.raw`\p{Script=${script}}`, 'u'),
);

/** Whether a display name is unambiguous: no word mixes scripts that look alike, and no character reorders the text around it. */
export const isPlainName = (name: string): boolean =>
  !hasControls(name) &&
  !/\p{Bidi_Control}/u.test(name) &&
  (name.normalize('NFKC').match(/[\p{L}\p{M}]+/gu) ?? []).every((word) => alike.filter((script) => script.test(word)).length < 2);

/** Zero-width characters, bidirectional controls, variation selectors, fillers and tags. */
export const hasInvisible = (text: string): boolean => withoutInvisible(text) !== text;

const prototypes: Readonly<Record<string, string>> = confusables;
const prototypeOf = (char: string) => (char <= '\x7f' ? char : Object.hasOwn(prototypes, char) ? prototypes[char] : char);

declare const skeleton: unique symbol;
/** The form that a text shares with its lookalikes. Only `skeletonOf` creates one. */
export type Skeleton = string & { readonly [skeleton]: true };

/**
 * The skeleton of UTS 39 with folded case and collapsed whitespace, for comparison only. Unlike UTS 39, it keeps ASCII: mapping `1` to `l` and `rn`
 * to `m` would make many ordinary names lookalikes of each other.
 */
export const skeletonOf = (text: string): Skeleton =>
  fold([...text.normalize('NFKD')].map(prototypeOf).join('').normalize('NFKD')).replace(/\s+/g, ' ') as Skeleton;

/** Full case folding by way of the upper case: `ß` becomes `ss`, and all sigmas become the same letter. */
const fold = (text: string) => text.toLowerCase().toUpperCase().toLowerCase().normalize('NFKC');
