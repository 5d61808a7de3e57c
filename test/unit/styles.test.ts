import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transform } from 'lightningcss';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** All standard and vendor properties, from the types that React uses for its `style` attribute. */
const properties = new Set(
  [...readFileSync(join(root, 'node_modules/csstype/index.d.ts'), 'utf8').matchAll(/^ +"?([a-z-]+)"?\?:/gm)].map(([, name]) => name),
);

/** Syntax errors, unknown at-rules, selectors, media features and properties, and invalid values of known properties. */
function problemsOf(code: string): string[] {
  const problems: string[] = [];
  const { warnings } = transform({
    filename: 'a.css',
    code: Buffer.from(code),
    errorRecovery: true,
    visitor: {
      Declaration(declaration) {
        if (declaration.property === 'custom') {
          const { name } = declaration.value;
          if (!name.startsWith('--') && !properties.has(name)) problems.push(`unknown property ${name}`);
        }
        if (declaration.property === 'unparsed') {
          const { propertyId, value } = declaration.value;
          // The value of a variable is not known before the browser computes it.
          if (!/"type":"(var|env|unresolved-color)"|"value":"(inherit|unset)"/.test(JSON.stringify(value)))
            problems.push(`invalid value of ${propertyId.property}`);
        }
      },
    },
  });
  return [...problems, ...warnings.map(({ message }) => message)];
}

const files = globSync('docs/{brand,site,playground/src}/**/*.css', { cwd: root });

test.each(files)('%s has no errors', (file) => {
  // Standard browsers do not know it, WebKit needs it to hide the marker of a summary.
  expect(problemsOf(readFileSync(join(root, file), 'utf8').replaceAll('::-webkit-details-marker', '::marker'))).toEqual([]);
});

test.each([
  ['a { colr: red; }', 'unknown property colr'],
  ['a { color: rd; }', 'invalid value of color'],
  ['a { width: 3pxx; }', 'invalid value of width'],
  ['a:hoover { color: red; }', expect.stringContaining('hoover')],
  ['a::befor { color: red; }', expect.stringContaining('befor')],
  ['@medai print { a { color: red; } }', expect.stringContaining('medai')],
  ['a { color: red; } > { color: red; }', expect.stringContaining('selector')],
])('finds the error in %s', (code, problem) => {
  expect(problemsOf(code)).toContainEqual(problem);
});
