import type { Page } from 'playwright-core';

/** In the page: what `findControls` has found, and which of it had the focus. */
type Watched = {
  controls: Set<Element>;
  looks: Map<Element, string>;
  reached: Set<Element>;
  problems: Set<string>;
  nameOf(element: Element): string;
};
declare const arkloopFocus: Watched;

/** Installs in each document what `focusProblems` needs. */
export const watchFocus = (page: Page) => page.addInitScript(watch);

function watch() {
  const nameOf = (element: Element) => {
    const name = element.getAttribute('aria-label') ?? element.textContent.trim().slice(0, 40);
    return `<${element.tagName.toLowerCase()} class="${element.getAttribute('class') ?? ''}"> ${name || (element.getAttribute('name') ?? '')}`.trim();
  };
  /** A focus is shown on the control, its label, or the box around it. */
  const lookOf = (element: Element) =>
    [element, ...[1, 2, 3].map((depth) => ancestorOf(element, depth))]
      .flatMap((each) => (each ? [getComputedStyle(each), getComputedStyle(each, '::before'), getComputedStyle(each, '::after')] : []))
      .map(({ outline, boxShadow, borderColor, backgroundColor }) => `${outline} ${boxShadow} ${borderColor} ${backgroundColor}`)
      .join('\n');
  const ancestorOf = (element: Element, depth: number): Element | null =>
    depth === 0 ? element : element.parentElement && ancestorOf(element.parentElement, depth - 1);
  const focus: Watched = { controls: new Set(), looks: new Map(), reached: new Set(), problems: new Set(), nameOf };
  Object.assign(globalThis, { arkloopFocus: focus, arkloopLookOf: lookOf });
  const isInWindow = (element: Element) => {
    const { top, bottom, left, right } = element.getBoundingClientRect();
    return bottom > 0 && right > 0 && top < innerHeight && left < innerWidth;
  };
  let isSeen = false;
  document.addEventListener('focusin', ({ target }) => {
    const element = target as Element;
    focus.reached.add(element);
    isSeen = isInWindow(element);
    // A group passes the focus on to one of its controls.
    if (document.activeElement === element && focus.looks.get(element) === lookOf(element))
      focus.problems.add(`the focus is not visible: ${nameOf(element)}`);
  });
  // By then the page has scrolled. A link that is shown only with the focus has been seen before.
  document.addEventListener('focusout', ({ target }) => {
    if (!isSeen && !isInWindow(target as Element)) focus.problems.add(`focused outside of the window: ${nameOf(target as Element)}`);
  });
}

/** Finds the controls of the page, and returns their number. */
function findControls() {
  const focus = arkloopFocus;
  const { arkloopLookOf: lookOf } = globalThis as unknown as { arkloopLookOf: (element: Element) => string };
  // From here Tab goes to the first control.
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute('tabindex');
  focus.problems.clear();
  focus.reached.clear();
  const interactive = 'a[href], button, input, select, textarea, summary, [tabindex], [contenteditable=true]';
  // One control of each group has a place in the order; the arrow keys reach the others.
  const groups = '[role=tablist], [role=tree], [role=listbox], [role=menu], [role=toolbar], [cmdk-root]';
  const isOtherRadio = (element: Element) => element instanceof HTMLInputElement && element.type === 'radio' && !element.checked;
  const isShown = (element: Element) =>
    element.checkVisibility({ visibilityProperty: true }) &&
    !element.closest('[inert], [aria-hidden=true]') &&
    !element.matches(':disabled');
  const shown = [...document.querySelectorAll<HTMLElement>(interactive)].filter((element) => isShown(element) && !isOtherRadio(element));
  focus.controls = new Set(shown.filter(({ tabIndex }) => tabIndex >= 0));
  const names = new Set([...focus.controls].map((element) => element.ariaLabel ?? element.textContent));
  for (const element of shown)
    if (!focus.controls.has(element) && element.matches('a, button, input, select, textarea') && !element.closest(groups))
      // The same action may be elsewhere, as for the veil beside a drawer.
      if (!names.has(element.ariaLabel ?? element.textContent)) focus.problems.add(`not in the order of Tab: ${focus.nameOf(element)}`);
  const pointed = 'a, button, input, select, textarea, summary, label, [role=tab], [role=treeitem], [role=option], [role=menuitem]';
  for (const element of document.querySelectorAll('#root *'))
    if (getComputedStyle(element).cursor === 'pointer' && !element.closest(pointed) && isShown(element))
      focus.problems.add(`only for a pointer: ${focus.nameOf(element)}`);
  focus.looks = new Map([...focus.controls].map((element) => [element, lookOf(element)]));
  return focus.controls.size;
}

/** The problems of a page for a user who has only the Tab key: controls that are not reached, a focus that is not seen, and a trap. */
export async function focusProblems(page: Page): Promise<string[]> {
  const controls = await page.evaluate(findControls);
  const isOnPage = () => page.evaluate(() => document.activeElement !== document.body);
  // After the last control the focus leaves the page. Parts of a date are further steps.
  // Sent together: each answer of the browser would take longer than the step.
  await Promise.all(Array.from({ length: controls + 1 }, () => page.keyboard.press('Tab')));
  for (let step = 0; step < 20 && (await isOnPage()); step++) await page.keyboard.press('Tab');
  const trapped = (await isOnPage()) ? ['the focus does not leave the page'] : [];
  const problems = await page.evaluate(() => {
    const { controls: known, reached, problems, nameOf } = arkloopFocus;
    const missed = [...known].filter((each) => each.isConnected && !reached.has(each));
    return [...problems, ...missed.map((each) => `not reached: ${nameOf(each)}`)];
  });
  return [...trapped, ...problems];
}
