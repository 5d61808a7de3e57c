import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../../docs/playground/src', import.meta.url));
const sources = globSync('**/*.{ts,tsx}', { cwd: root }).map((file) => ({
  file,
  // Without comments.
  code: readFileSync(join(root, file), 'utf8').replaceAll(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, ''),
}));

/** Uses of words that the README of the playground gives another meaning, or another word for. */
const rules: readonly { pattern: RegExp; except?: RegExp }[] = [
  // What can be turned on again is turned off.
  { pattern: /(?:label|confirm|submit|title)(?:=|: )['"{`]+(?:Disable|Enable|Deactivate|Activate|Pause|Resume)\b.*/g },
  // What goes on existing elsewhere is removed. Everything else is deleted.
  { pattern: /confirm(?:=|: )['"{`]+Remove\b.*/g, except: /^pages\/(people\/members|providers\/models|platform\/users\/actions)\.tsx$/ },
  // Administrators see the word of the API.
  {
    pattern: /\b(?:[Tt]his|[Tt]he|[Yy]our(?: other)?|[Pp]ersonal|[Ww]hole|all|own) accounts?\b.*/g,
    except: /^(pages\/(platform|audit)\/|pages\/signUp)/,
  },
  // A hint is a sentence that can be said aloud.
  { pattern: /\bneeds it again\b.*|\bis tried again\b.*|\bBy which\b.*|\bNot set: .*|\bHeard from\b.*/g },
  { pattern: /hint=['"{`]+(?:Empty (?:for|means)|Such as|All but|On the|Requests at once)\b.*/g },
  // What took a time is a sentence of its own, not the end of a message.
  { pattern: /\berror\} <span[^>]*>after \{.*/g },
];

test('the playground uses one word for one thing', () => {
  const found = sources.flatMap(({ file, code }) =>
    rules.flatMap(({ pattern, except }) =>
      except?.test(file) ? [] : [...code.matchAll(pattern)].map(([text]) => `${file}: ${text.trim()}`),
    ),
  );
  expect(found).toEqual([]);
});
