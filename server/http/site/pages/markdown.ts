import { Marked, type Tokens } from 'marked';
import type { Highlight } from './highlight.ts';
import { escapeHtml } from './html.ts';

export type Heading = { depth: number; id: string; text: string };

/** `lead` is the first paragraph as plain text. */
export type Rendered = { title: string; lead: string; html: string; headings: Heading[] };

/** Renders GitHub Flavored Markdown. `hrefOf` maps links to paths of this site. Raw HTML is escaped. */
export function renderMarkdown(text: string, hrefOf: (href: string) => string, highlight: Highlight = escapeHtml): Rendered {
  const headings: Heading[] = [];
  const idOf = slugger();
  const marked = new Marked({
    gfm: true,
    renderer: {
      heading({ depth, tokens }) {
        const plain = this.parser.parseInline(tokens, this.parser.textRenderer);
        const id = idOf(plain);
        headings.push({ depth, id, text: plain });
        const anchor = depth === 1 ? '' : ` <a class="anchor" href="#${id}" aria-label="Link to this section">#</a>`;
        return `<h${depth} id="${id}">${this.parser.parseInline(tokens)}${anchor}</h${depth}>\n`;
      },
      link({ href, tokens }) {
        const text = this.parser.parseInline(tokens);
        return isAddress(href) ? `<a href="${escapeHtml(hrefOf(href))}">${text}</a>` : text;
      },
      code: ({ text: code, lang = '' }) => codeBlock(code, lang, highlight),
      table(token) {
        return `<div class="table" role="group" aria-label="Table" tabindex="0">${tableOf(this, token)}</div>\n`;
      },
      html: ({ text: raw }) => (raw.startsWith('<!--') ? '' : escapeHtml(raw)),
    },
  });
  const html = marked.parse(text, { async: false });
  const lead = marked.lexer(text).find(({ type }) => type === 'paragraph') as Tokens.Paragraph | undefined;
  return { title: headings[0]?.text ?? '', lead: plainText(lead?.text ?? ''), html, headings };
}

/** Whether a link is an HTTP URL or relative. */
const isAddress = (href: string) => /^(https?:|[^:]*$)/i.test(href.split('#', 1)[0]!);

/** Languages of code blocks that show output. */
const answers = new Set(['json', 'http', 'text']);

/** A code block, with the file name as its caption if the fence gives one: `ts file=hello.ts`. */
export function codeBlock(text: string, info: string, highlight: Highlight): string {
  const lang = info.split(' ', 1)[0]!;
  const file = /\bfile=(\S+)/.exec(info)?.[1];
  const caption = file ? `<figcaption>${escapeHtml(file)}</figcaption>` : '';
  const kind = answers.has(lang) ? 'code answer' : 'code';
  return `<figure class="${kind}">${caption}<pre tabindex="0"><code>${highlight(text, lang)}</code></pre></figure>\n`;
}

type Parser = { parser: { parseInline(tokens: Tokens.TableCell['tokens']): string } };

function tableOf({ parser }: Parser, { header, rows }: Tokens.Table): string {
  const row = (cells: Tokens.TableCell[], tag: string) =>
    `<tr>${cells.map(({ tokens }) => (tokens.length === 0 ? '<td></td>' : `<${tag}>${parser.parseInline(tokens)}</${tag}>`)).join('')}</tr>`;
  return `<table><thead>${row(header, 'th')}</thead><tbody>${rows.map((cells) => row(cells, 'td')).join('')}</tbody></table>`;
}

/** Generates heading ids like GitHub, so that a link works in both places. */
export function slugger(): (heading: string) => string {
  const seen = new Map<string, number>();
  return (heading) => {
    const plain = heading
      .toLowerCase()
      .replace(/&[a-z0-9#]+;/g, '')
      .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
      .replaceAll(' ', '-');
    const count = seen.get(plain) ?? 0;
    seen.set(plain, count + 1);
    return count === 0 ? plain : `${plain}-${count}`;
  };
}

/** Removes the markup from a paragraph. */
const plainText = (text: string) =>
  text
    .replace(/\[([^[\]]*)\]\([^()]*\)/g, '$1')
    .replace(/[`*_]/g, '')
    .replace(/\s+/g, ' ')
    .trim();

const inline = new Marked({ gfm: true, renderer: { html: ({ text }) => escapeHtml(text) } });

/** Renders a description of the OpenAPI document: only `code`, **strong** and links. */
export const renderInline = (text: string): string => inline.parseInline(text, { async: false });

/** Renders a description of one or more paragraphs. */
export const renderParagraphs = (text: string): string => inline.parse(text, { async: false });

/** The text of Markdown for the search: without fences, comments, links and the lines of tables. */
export const searchText = (text: string): string =>
  withoutComments(text.replace(/^```.*$/gm, ''))
    .replace(/\[([^[\]]*)\]\([^()]*\)/g, '$1')
    .replace(/^[|\s:-]+$/gm, '')
    .replaceAll('|', ' ')
    .replace(/[`*]|^>\s*/gm, '')
    .replace(/\s+/g, ' ')
    .trim();

function withoutComments(text: string): string {
  const [first = '', ...others] = text.split('<!--');
  return [first, ...others.map((part) => part.slice(part.indexOf('-->') + '-->'.length))].join('');
}
