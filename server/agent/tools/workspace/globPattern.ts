/**
 * Translates a glob into a regular expression (RE2 syntax) for paths relative to the searched folder. A glob without a slash matches names
 * in every folder. Throws a `SyntaxError` for braces or brackets that do not close.
 */
export function globToPattern(glob: string): string {
  const rooted = glob.startsWith('/') ? glob.slice(1) : glob.includes('/') ? glob : `**/${glob}`;
  let pattern = '';
  let braces = 0;
  for (let at = 0; at < rooted.length; at++) {
    const char = rooted[at]!;
    if (char === '*' && rooted[at + 1] === '*') {
      at++;
      const isFolders = rooted[at + 1] === '/';
      if (isFolders) at++;
      pattern += isFolders ? '(?:.*/)?' : '.*';
    } else if (char === '*') pattern += '[^/]*';
    else if (char === '?') pattern += '[^/]';
    else if (char === '[') {
      const isNegated = rooted[at + 1] === '!' || rooted[at + 1] === '^';
      const start = at + (isNegated ? 2 : 1);
      // A ] at the start belongs to the set.
      const end = rooted.indexOf(']', start + 1);
      if (end < 0) throw new SyntaxError('a [ is not closed');
      const set = rooted.slice(start, end).replace(/[\\\][^&]/g, '\\$&');
      pattern += isNegated ? `[^/${set}]` : `[${set}]`;
      at = end;
    } else if (char === '{') {
      braces++;
      pattern += '(?:';
    } else if (char === '}' && braces > 0) {
      braces--;
      pattern += ')';
    } else if (char === ',' && braces > 0) pattern += '|';
    else pattern += /[\p{L}\p{N}/_-]/u.test(char) ? char : quote(char);
  }
  if (braces > 0) throw new SyntaxError('a { is not closed');
  return `^${pattern}$`;
}

/** Halves of a surrogate pair stay together, because they are never special. */
const quote = (char: string) => (/[\\^$.|?*+()[\]{}]/.test(char) ? `\\${char}` : char);
