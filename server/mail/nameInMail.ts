import { withoutInvisible } from '../../contract/shared/text.ts';

/** Maximum length of a name in a mail, in code points. */
const maxLength = 60;

/**
 * Sanitizes a name chosen by a user, for a mail to another person. The result is on one line, short, and has nothing that a mail program turns into a
 * link: no URL, domain, address or telephone number, in any script. Letters, digits, symbols, spaces and some punctuation are kept.
 */
export function nameInMail(name: string): string {
  // Truncated first, because normalization can make a text 18 times as long.
  const text = withoutInvisible(name.slice(0, 256).normalize('NFKC'))
    // A dot inside a word may be part of a domain.
    .replace(/\.(?=\S)/g, ' ')
    .replace(/[^\p{L}\p{M}\p{N}\p{So} .,&'’()+!#·・_-]/gu, ' ')
    .replace(/\p{Nd}(?:[ .,()+_-]{0,3}\p{Nd}){8,}/gu, '…')
    .replace(/ {2,}/g, ' ')
    .trim();
  const points = [...text];
  if (points.length === 0) return '…';
  return points.length > maxLength ? `${points.slice(0, maxLength).join('').trimEnd()}…` : text;
}
