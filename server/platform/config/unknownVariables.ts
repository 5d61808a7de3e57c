import { configVariables, type Variable } from './configVariables.ts';

/** Prefixes of settings, which the settings registry reads under names derived from their keys. */
const settingFamilies =
  /^ARKLOOP_(CREDITS?|QUOTA|LIMIT|FEATURE|INVITE|BUDGET|CONTEXT|LLM|APP|AUTH|WEB_SEARCH|WEB_FETCH|SANDBOX|SECURITY|TITLE_SUMMARIZER|QUEUE)_/;

/** Read by the terminal chat, which may share the server's environment. */
const ofTheChat = ['ARKLOOP_API_URL'];

const known = Object.values(configVariables)
  .flatMap((chapter) =>
    Object.entries<Variable>(chapter).flatMap(([name, { aliases = [] }]) => [name, ...aliases.map((alias) => alias.name)]),
  )
  .concat(ofTheChat);

/** Whether the Levenshtein distance of two words is at most `most`. */
function isNear(left: string, right: string, most: number) {
  if (Math.abs(left.length - right.length) > most) return false;
  let row = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (const [index, letter] of [...left].entries()) {
    const next = [index + 1];
    for (const [column, other] of [...right].entries()) {
      next.push(Math.min(row[column]! + Number(letter !== other), row[column + 1]! + 1, next[column]! + 1));
    }
    row = next;
  }
  return row[right.length]! <= most;
}

/** One line for each unknown `ARKLOOP_*` variable, with the name that was probably meant. */
export function unknownVariables(env: NodeJS.ProcessEnv): string[] {
  return Object.keys(env).flatMap((name) => {
    if (!name.startsWith('ARKLOOP_') || known.includes(name)) return [];
    const meant = known.find((candidate) => isNear(name, candidate, 2));
    if (meant) return [`${name} is not a known variable; did you mean ${meant}?`];
    return settingFamilies.test(name) ? [] : [`${name} is not a known variable`];
  });
}
