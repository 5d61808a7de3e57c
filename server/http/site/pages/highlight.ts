import { createCssVariablesTheme, createHighlighterCore } from 'shiki/core';
import { createOnigurumaEngine } from 'shiki/engine/oniguruma';
import { escapeHtml } from './html.ts';

/** Returns HTML with classes. Shiki itself writes inline styles, which the content security policy of the site does not allow. */
export type Highlight = (code: string, lang: string) => string;

/** The grammar of each language of a code block. Text in another language is not highlighted. */
const grammars: Readonly<Record<string, string>> = {
  sh: 'shellscript',
  ts: 'tsx',
  tsx: 'tsx',
  js: 'tsx',
  json: 'json',
  http: 'http',
  python: 'python',
  yaml: 'yaml',
  sql: 'sql',
  ini: 'ini',
};

const prefix = 'var(--token-';

export async function createHighlight(): Promise<Highlight> {
  const theme = createCssVariablesTheme({ name: 'variables', variablePrefix: '--' });
  const highlighter = await createHighlighterCore({
    engine: createOnigurumaEngine(import('shiki/wasm')),
    themes: [theme],
    langs: [
      import('shiki/langs/shellscript.mjs'),
      import('shiki/langs/tsx.mjs'),
      import('shiki/langs/json.mjs'),
      import('shiki/langs/http.mjs'),
      import('shiki/langs/python.mjs'),
      import('shiki/langs/yaml.mjs'),
      import('shiki/langs/sql.mjs'),
      import('shiki/langs/ini.mjs'),
    ],
  });
  const known = new Map<string, string>();
  return (code, lang) => {
    const grammar = grammars[lang];
    if (grammar === undefined) return escapeHtml(code);
    const key = `${grammar} ${code}`;
    // Operations share most examples of errors.
    const html = known.get(key) ?? highlightCode(code, grammar);
    known.set(key, html);
    return html;
  };

  function highlightCode(code: string, grammar: string): string {
    // By default a line that takes 500 ms, as on a busy machine, is left half done, and the page is cached.
    const lines = highlighter.codeToTokensBase(code, { lang: grammar, theme: 'variables', tokenizeTimeLimit: 0 });
    return lines.map((tokens) => merged(tokens).map(print).join('')).join('\n');
  }
}

type Token = { content: string; color?: string };

/** Joins neighbors of one color. White space takes the color of what precedes it. */
function merged(tokens: readonly Token[]): Token[] {
  const runs: Token[] = [];
  for (const { content, color } of tokens) {
    const last = runs.at(-1);
    if (last && (last.color === color || content.trim() === '')) last.content += content;
    else runs.push({ content, ...(color !== undefined && { color }) });
  }
  return runs;
}

function print({ content, color = '' }: Token): string {
  const text = escapeHtml(content);
  const kind = color.startsWith(prefix) ? color.slice(prefix.length, -1) : 'punctuation';
  return kind === 'punctuation' ? text : `<span class="t-${kind}">${text}</span>`;
}
