/** The API's messages that name a technical condition, with the words that continue the name of the field. */
const phrases: readonly (readonly [RegExp, (...found: string[]) => string])[] = [
  [/^Invalid option: expected one of (.+)$/, (options = '') => `must be ${inWords(options.replaceAll('"', '').split('|'))}`],
  [/^Invalid input: expected number, received /, () => 'must be a number'],
  [/^Invalid input$/, () => 'is not valid'],
  [/^Invalid string: must match pattern /, () => 'has a wrong format'],
  [/^Invalid email address$/, () => 'must be an email address'],
  [/^Invalid URL$/, () => 'must be a complete URL'],
  [/^Invalid (IPv[46]) range$/, (kind = '') => `must be a network of ${kind}, such as ${kind === 'IPv4' ? '10.0.0.0/8' : '2001:db8::/32'}`],
  [/^Too small: expected \w+ to have >=(\d+) (\w+)$/, (least = '', unit = '') => `must have ${amount(least, unit)} or more`],
  [/^Too big: expected \w+ to have <=(\d+) (\w+)$/, (most = '', unit = '') => `must have ${amount(most, unit)} or fewer`],
  [/^Too small: expected \w+ to be >=(\S+)$/, (least = '') => `must be ${least} or more`],
  [/^Too small: expected \w+ to be >(\S+)$/, (limit = '') => `must be more than ${limit}`],
  [/^Too big: expected \w+ to be <=(\S+)$/, (most = '') => `must be ${most} or less`],
];

/** Whether a file of the page itself could not be loaded: without a connection, or after an upgrade. Each browser has its own words. */
export const isMissingFile = (error: unknown): error is Error =>
  error instanceof Error && /dynamically imported module|importing a module script failed|unable to preload/i.test(error.message);

const inWords = (options: readonly string[]): string =>
  options.length < 2 ? options.join('') : `${options.slice(0, -1).join(', ')} or ${options.at(-1)}`;

const amount = (number: string, units: string): string => `${number} ${number === '1' ? units.replace(/s$/, '') : units}`;

/** A validation message for people. Messages without technical words stay as they are. */
export function plainMessage(message: string): string {
  for (const [pattern, phrase] of phrases) {
    const found = pattern.exec(message);
    if (found) return phrase(...found.slice(1));
  }
  return message;
}

/** An invalid value in a sentence, for a place without its field. The API's messages continue the name of the value. */
export function issueSentence({ path, message }: { path: string; message: string }): string {
  const text = plainMessage(message);
  const name = path.split(/[./]/).findLast((step) => /\D/.test(step)) ?? 'this value';
  const start = /^[a-z]/.test(text) ? `${name.charAt(0).toUpperCase()}${name.slice(1).replaceAll('_', ' ')} ` : '';
  return `${start}${text}${/[.!?]$/.test(text) ? '' : '.'}`;
}
