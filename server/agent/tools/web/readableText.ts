const hidden = new Set(['SCRIPT', 'STYLE', 'NOSCRIPT', 'TEMPLATE', 'SVG', 'HEAD', 'TITLE', 'IFRAME', 'OBJECT', 'CANVAS']);
const paragraphs = new Set(['P', 'H1', 'H2', 'H3', 'H4', 'H5', 'H6', 'PRE', 'BLOCKQUOTE', 'UL', 'OL', 'TABLE', 'DL', 'FIGURE', 'HR']);
const lines = new Set(['DIV', 'SECTION', 'ARTICLE', 'HEADER', 'FOOTER', 'MAIN', 'NAV', 'ASIDE', 'TR', 'DT', 'DD', 'FORM', 'OPTION']);
const cells = new Set(['TD', 'TH']);

const textNode = 3;

// Placeholders for breaks, so that adjacent breaks can be merged at the end.
const [newLine, newParagraph, bullet] = ['\v', '\f', '\u0002'];

/** The visible text of an element: a line per block, an empty line around paragraphs, preformatted text unchanged. */
export function readableText(root: Element): string {
  const pieces: string[] = [];
  let preformatted = 0;
  let begun = false;
  const add = (piece: string, isText: boolean) => {
    if (piece === '') return;
    pieces.push(piece);
    begun = isText;
  };
  for (const { node, leaving } of walk(root)) {
    const tag = node.nodeName.toUpperCase();
    if (tag === 'PRE') preformatted += leaving ? -1 : 1;
    if (node.nodeType !== textNode) add(breakAt(tag, leaving), false);
    else if (preformatted > 0) add(node.nodeValue ?? '', true);
    else add(flowing(node.nodeValue ?? '', begun), true);
  }
  return tidy(pieces.join(''));
}

/** Collapses white space, and removes it at the start of a line. */
function flowing(text: string, begun: boolean): string {
  const even = text.replace(/[\s\u0002]+/g, ' ');
  return begun ? even : even.trimStart();
}

function breakAt(tag: string, leaving: boolean): string {
  if (paragraphs.has(tag)) return newParagraph;
  if (tag === 'BR') return leaving ? '' : '\n';
  if (tag === 'LI') return leaving ? newLine : newLine + bullet;
  if (lines.has(tag)) return newLine;
  return cells.has(tag) && leaving ? '\t' : '';
}

const tidy = (text: string) =>
  text
    .replace(/\u0002[\v\f]*/g, '- ')
    .replace(/[\v\f]+/g, (breaks) => (breaks.includes(newParagraph) ? '\n\n' : '\n'))
    .split('\n')
    .map((each) => each.trimEnd())
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();

type Step = { node: Node; leaving: boolean };

/** Visits every node in document order, and elements again on leaving. Iterative, because pages can nest deeper than the call stack. */
function* walk(root: Node): Generator<Step> {
  let step: Step = { node: root, leaving: false };
  for (;;) {
    yield step;
    const { node, leaving } = step;
    const child: Node | null = leaving || hidden.has(node.nodeName.toUpperCase()) ? null : node.firstChild;
    if (child) step = { node: child, leaving: false };
    else if (!leaving && node.nodeType === 1) step = { node, leaving: true };
    else if (node === root) return;
    else if (node.nextSibling) step = { node: node.nextSibling, leaving: false };
    else step = { node: node.parentNode!, leaving: true };
  }
}
