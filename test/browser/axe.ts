import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type axe from 'axe-core';
import type { Page } from 'playwright-core';

const source = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
/** Rules whose result depends on the theme. */
const colorRules = ['color-contrast', 'link-in-text-block'];

type Look = {
  /** A selector. Without it the whole page is analyzed. */
  part?: string;
  /** Checks only what another theme changes, on a page that has been checked in one theme. */
  onlyColors?: boolean;
};

/** Returns the accessibility violations of the page (WCAG 2.2 AA) with their elements. */
export async function axeViolations(page: Page, { part = 'html', onlyColors = false }: Look = {}) {
  // Evaluated, because the policy of the pages allows no other scripts. It takes longer than most analyses, so once in each document.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(source);
  const runOnly: axe.RunOnly = onlyColors ? { type: 'rule', values: colorRules } : { type: 'tag', values: tags };
  const { violations } = await page.evaluate(
    ([where, only]) => (globalThis as unknown as { axe: typeof axe }).axe.run(where, { runOnly: only, resultTypes: ['violations'] }),
    [part, runOnly] as const,
  );
  return violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html, any }) => ({ html, message: any[0]?.message ?? '' })) }));
}
