/** Code points of a name that a mail shows. */
const maxLength = 60;

/**
 * A name that a user chose, for a mail to somebody else: on one line, short, and nothing that a mail program turns into a link: no URL, domain,
 * address or telephone number, whatever characters write it. Letters, digits, symbols, spaces and a little punctuation stay.
 */
export function nameInMail(name: string): string {
  // Normalising can make a text 18 times as long.
  const text = name
    .slice(0, 256)
    .normalize('NFKC')
    .replace(/[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Bidi_Control}]/gu, '')
    // A dot inside a word is part of a domain, or could be.
    .replace(/\.(?=\S)/g, ' ')
    .replace(/[^\p{L}\p{M}\p{N}\p{So} .,&'’()+!#·・_-]/gu, ' ')
    .replace(/\p{Nd}(?:[ .,()+_-]{0,3}\p{Nd}){8,}/gu, '…')
    .replace(/ {2,}/g, ' ')
    .trim();
  const points = [...text];
  if (points.length === 0) return '…';
  return points.length > maxLength ? `${points.slice(0, maxLength).join('').trimEnd()}…` : text;
}
