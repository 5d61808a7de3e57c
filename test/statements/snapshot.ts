import { readFileSync, writeFileSync } from 'node:fs';
import { allStatements } from './declared.ts';

// Loaded first, because the entities import modules that declare statements.
await allStatements();
const { unboundedStatements } = await import('./bounds.ts');
const { maxRowBytes, unweighedLists } = await import('./weights.ts');

const file = new URL('../../server/database/statements.sql', import.meta.url);

/** One line per clause, which keeps diffs small. */
const lines = (text: string) =>
  text
    .replace(/\s+/g, ' ')
    .trim()
    .replace(
      / (?=(?:from|where|set|values|returning|order by|group by|having|limit|on conflict|union all|(?:inner |left |cross )?join|for (?:no key )?(?:update|share)|for key share)\b)/g,
      '\n  ',
    );

const statementsText = async () => (await allStatements()).map((each) => `-- ${each.file} ${each.name}\n${lines(each.text)};\n`).join('\n');

/** Whether the file differs from the statements of the server. */
export const staleStatements = async () => readFileSync(file, 'utf8') !== (await statementsText());

/** The statements that may return any number of rows, as lines for a message. */
export const unbounded = async () => unboundedStatements(await allStatements()).map(({ file, name, text }) => `${file} ${name}: ${text}`);

/** The lists whose pages may have any number of bytes. */
export const unweighed = async () => unweighedLists(await allStatements()).map(({ file, name, text }) => `${file} ${name}: ${text}`);

if (import.meta.main) {
  if (process.argv[2] !== '--check') writeFileSync(file, await statementsText());
  else if (await staleStatements()) {
    console.error('server/database/statements.sql is stale: run npm run generate');
    process.exitCode = 1;
  }
  for (const each of await unbounded()) {
    console.error(
      `A statement may return any number of rows. Give it a limit or a key, or declare its \`bound\` (server/database/statement.ts): ${each}`,
    );
    process.exitCode = 1;
  }
  for (const each of await unweighed()) {
    console.error(
      `A page of a list may have any number of bytes. End it by them (pageInBytes in server/database/paging.ts), or declare that \`rowBytes\` are at most ${maxRowBytes}: ${each}`,
    );
    process.exitCode = 1;
  }
}
