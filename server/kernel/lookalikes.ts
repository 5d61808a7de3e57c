import confusables from 'unhomoglyph/data.json' with { type: 'json' };

// Recommended scripts (UAX 31, table 5). Letters of other scripts are in no identifier here; most look like Latin ones.
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
 * Whether a text is written in one script, or in one of the combinations that Chinese, Japanese and Korean are written in: the restriction level
 * "highly restrictive" of UTS 39. Also refuses what is invisible. Expects NFKC.
 */
export const isInOneScript = (text: string): boolean => /^[\x20-\x7e]*$/.test(text) || (oneScript.test(text) && !hasInvisible(text));

// Scripts whose letters look like those of the others.
const alike = ['Latin', 'Cyrillic', 'Greek', 'Armenian', 'Cherokee', 'Coptic'].map(
  (script) => new RegExp(String.raw`\p{Script=${script}}`, 'u'),
);

/** Whether a name for people to read is what it looks like: no word mixes scripts that look alike, and nothing reorders the text around it. */
export const isPlainName = (name: string): boolean =>
  !/[\p{Bidi_Control}\p{Cc}]/u.test(name) &&
  (name.normalize('NFKC').match(/[\p{L}\p{M}]+/gu) ?? []).every((word) => alike.filter((script) => script.test(word)).length < 2);

/** Whether a text has characters that are not shown: zero-width, bidirectional controls, variation selectors, fillers, tags. */
export const hasInvisible = (text: string): boolean => /[\p{Default_Ignorable_Code_Point}\p{Cf}]/u.test(text);

const prototypes: Readonly<Record<string, string>> = confusables;
const prototypeOf = (char: string) => (char <= '\x7f' ? char : Object.hasOwn(prototypes, char) ? prototypes[char] : char);

declare const skeleton: unique symbol;
/** The form of a text that its lookalikes share. Only `skeletonOf` makes one. */
export type Skeleton = string & { readonly [skeleton]: true };

/**
 * The skeleton of UTS 39, without case and with one space for several, for comparing only. Unlike the standard's it leaves ASCII as it is: that
 * `1` looks like `l` and `rn` like `m` would make many ordinary names lookalikes of each other.
 */
export const skeletonOf = (text: string): Skeleton =>
  fold([...text.normalize('NFKD')].map(prototypeOf).join('').normalize('NFKD')).replace(/\s+/g, ' ') as Skeleton;

/** Full case folding by way of the upper case: `ß` as `ss`, every sigma as one. */
const fold = (text: string) => text.toLowerCase().toUpperCase().toLowerCase().normalize('NFKC');
