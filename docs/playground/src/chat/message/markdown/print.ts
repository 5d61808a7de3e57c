/** What a text still lacks: diagrams, formulas, and the rest of a long one. */
const undrawn = '.code-block[aria-busy="true"], .diagram-picture:empty, .formula.pending, .markdown.behind';

const isDrawn = (): boolean =>
  !document.querySelector(undrawn) &&
  [...document.querySelectorAll<HTMLImageElement>('.diagram-picture img')].every(({ complete }) => complete);

/** Milliseconds between two looks, and until it is printed as it is. */
const [lookMs, timeoutMs] = [100, 20_000];

/** The shortcut of the browser prints when all is drawn. What is printed by its menu cannot be made to wait. */
export function printWhenDrawn() {
  addEventListener('keydown', (event) => {
    const isPrint = event.key.toLowerCase() === 'p' && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
    if (!isPrint || isDrawn()) return;
    event.preventDefault();
    const end = Date.now() + timeoutMs;
    const look = () => {
      if (isDrawn() || Date.now() > end) print();
      else setTimeout(look, lookMs);
    };
    look();
  });
}
