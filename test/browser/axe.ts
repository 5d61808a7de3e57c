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
  const runOnly: axe.RunOnly = onlyColors ? { type: 'rule', values: colorRules } : { type: 'tag', values: tags };
  const analyze = () => page.evaluate(analyzePage, [part, runOnly] as const);
  const violations = await analyze();
  if (violations) return violations;
  // Evaluated, because the policy of the pages allows no other scripts. It takes longer than most analyses, so once in each document.
  await page.evaluate(source);
  return (await analyze())!;
}

/** In the page: the violations, or `undefined` if the document has no axe yet. Only they are sent: the whole result is a hundred times larger. */
async function analyzePage([where, runOnly]: readonly [string, axe.RunOnly]) {
  if (!('axe' in globalThis)) return undefined;
  // An intermediate color may lack contrast.
  const ending = document.getAnimations().filter(({ effect }) => effect?.getComputedTiming().endTime !== Infinity);
  await Promise.allSettled(ending.map(({ finished }) => finished));
  const { run } = (globalThis as unknown as { axe: typeof axe }).axe;
  const { violations } = await run(where, { runOnly, resultTypes: ['violations'] });
  return violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html, any }) => ({ html, message: any[0]?.message ?? '' })) }));
}
