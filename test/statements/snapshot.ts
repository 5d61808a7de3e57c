import { readFileSync, writeFileSync } from 'node:fs';
import { allStatements } from './declared.ts';

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

const text = (await allStatements()).map((each) => `-- ${each.file} ${each.name}\n${lines(each.text)};\n`).join('\n');

if (process.argv[2] === '--check') {
  if (readFileSync(file, 'utf8') !== text) {
    console.error('server/database/statements.sql is stale: run npm run generate');
    process.exitCode = 1;
  }
} else writeFileSync(file, text);
