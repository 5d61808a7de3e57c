import { sha256 } from '../../platform/crypto/ids.ts';

/** Texts that differ only in case, white space or a final period are the same fact. */
export const factHashOf = (text: string): string =>
  sha256(
    text
      .normalize('NFC')
      .toLowerCase()
      .replace(/\s+/gu, ' ')
      .trim()
      .replace(/[.。]$/u, ''),
  );

/** Characters of scripts that are written without spaces between words, and emoji. */
const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]|(?![\0-\x7f])\p{S}/u;

/** In UTF-16 code units. Compatibility characters can be up to 18 times as long in their plain form. */
const maxPlainText = 2_000;

/** Words in lower case without accents, in their plain form (NFKC), separated by single spaces. Does not depend on the locale of the database. */
const plainTextOf = (text: string) =>
  text
    // Compatibility characters can be capitals, and a small letter can have a mark of its own: İ.
    .normalize('NFKD')
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[\u0300-\u036f\ufe00-\ufe0f]/g, '')
    .normalize('NFC')
    .replace(/[^\p{L}\p{N}\p{M}\p{S}#]+/gu, ' ')
    .trim();

type Run = { chars: string[]; isSpaced: boolean };

/** Splits plain text into words; text without spaces, such as Chinese, stays in one piece. */
function runsOf(plain: string): Run[] {
  const runs: Run[] = [];
  for (const token of plain.split(' ')) {
    let run: Run | undefined;
    for (const char of token) {
      // A mark belongs to the letter before it.
      const isSpaced = run && /\p{M}/u.test(char) ? run.isSpaced : !unspaced.test(char);
      if (run?.isSpaced !== isSpaced) runs.push((run = { chars: [], isSpaced }));
      run.chars.push(char);
    }
  }
  return runs;
}

const slices = (chars: readonly string[], size: number) =>
  chars.length < size ? [] : Array.from({ length: chars.length - size + 1 }, (_, at) => chars.slice(at, at + size).join(''));

const wholeWord = ({ chars }: Run) => ` ${chars.join('')} `;
const trigrams = ({ chars }: Run) => slices([' ', ...chars, ' '], 3);

/** A 32-bit hash (FNV-1a), as a signed integer. */
function keyOf(piece: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < piece.length; at++) hash = Math.imul(hash ^ piece.charCodeAt(at), 0x01000193);
  return hash | 0;
}

/** The keys by which a fact is found: words with their trigrams, and the characters and bigrams of text without spaces. */
export function searchKeysOf(fact: string): number[] {
  const runs = runsOf(plainTextOf(fact).slice(0, maxPlainText).toWellFormed());
  const pieces = runs.flatMap((run) => (run.isSpaced ? [wholeWord(run), ...trigrams(run)] : [...run.chars, ...slices(run.chars, 2)]));
  return [...new Set(pieces.map(keyOf))];
}

/** The words of a query as parallel arrays of their keys, each with the number of its word and its weight. */
export type SearchTerms = { wordCount: number; keys: number[]; words: number[]; weights: number[] };

/** Bounds of a query, for the time that a search takes. */
const [maxQueryChars, maxWords, maxWordChars] = [2_000, 48, 40];

const segmenter = new Intl.Segmenter('en', { granularity: 'word' });

/**
 * Of a long text, the beginning and the end are searched for. With `characters`, each Chinese character is a word too, of half the weight: for
 * sentences, whose words can be split in several ways.
 */
export function searchTermsOf(query: string, { characters = false } = {}): SearchTerms {
  const text = query.length <= maxQueryChars ? query : `${query.slice(0, maxQueryChars / 2)} ${query.slice(-maxQueryChars / 2)}`;
  const plain = plainTextOf(text.toWellFormed());
  const words = new Map(runsOf(plain).flatMap(piecesOfWords));
  if (characters) for (const char of plain.match(/\p{Script=Han}/gu) ?? []) if (!words.has(char)) words.set(char, [[char, 0.5]]);
  const terms = [...words.values()]
    .slice(0, maxWords)
    .map((pieces, number) => pieces.map(([piece, weight]) => ({ piece, number, weight })));
  const rows = terms.flat();
  return {
    wordCount: terms.length,
    keys: rows.map(({ piece }) => keyOf(piece)),
    words: rows.map(({ number }) => number),
    weights: rows.map(({ weight }) => weight),
  };
}

type Word = [word: string, pieces: [piece: string, weight: number][]];

/** The parts of a word weigh 1 together, and a whole word 1 more. */
function piecesOfWords({ chars, isSpaced }: Run): Word[] {
  const shared = (parts: readonly string[]) => parts.map((part): [string, number] => [part, 1 / parts.length]);
  if (isSpaced) {
    const run = { chars: chars.slice(0, maxWordChars), isSpaced };
    return [[chars.join(''), [[wholeWord({ chars, isSpaced }), 1], ...shared(trigrams(run))]]];
  }
  // Only queries are segmented, so that stored facts do not depend on the rules of segmentation.
  return [...segmenter.segment(chars.join(''))].map(({ segment }): Word => {
    const parts = [...segment].slice(0, maxWordChars);
    return [segment, shared(parts.length === 1 ? parts : slices(parts, 2))];
  });
}
