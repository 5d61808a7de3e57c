import { createCssVariablesTheme, createHighlighterCore, type LanguageInput } from 'shiki/core';
import { createJavaScriptRegexEngine } from 'shiki/engine/javascript';
import type { HighlightRequest, HighlightResponse, Token } from './highlight.ts';
import type { LanguageId } from './languages.ts';

/** Each grammar is a file of its own, loaded for the first code in its language. */
const grammars: Record<LanguageId, LanguageInput> = {
  bash: () => import('shiki/langs/bash.mjs'),
  c: () => import('shiki/langs/c.mjs'),
  cpp: () => import('shiki/langs/cpp.mjs'),
  csharp: () => import('shiki/langs/csharp.mjs'),
  css: () => import('shiki/langs/css.mjs'),
  dart: () => import('shiki/langs/dart.mjs'),
  diff: () => import('shiki/langs/diff.mjs'),
  docker: () => import('shiki/langs/docker.mjs'),
  elixir: () => import('shiki/langs/elixir.mjs'),
  go: () => import('shiki/langs/go.mjs'),
  graphql: () => import('shiki/langs/graphql.mjs'),
  haskell: () => import('shiki/langs/haskell.mjs'),
  html: () => import('shiki/langs/html.mjs'),
  ini: () => import('shiki/langs/ini.mjs'),
  java: () => import('shiki/langs/java.mjs'),
  javascript: () => import('shiki/langs/javascript.mjs'),
  json: () => import('shiki/langs/json.mjs'),
  jsx: () => import('shiki/langs/jsx.mjs'),
  kotlin: () => import('shiki/langs/kotlin.mjs'),
  latex: () => import('shiki/langs/latex.mjs'),
  lua: () => import('shiki/langs/lua.mjs'),
  make: () => import('shiki/langs/make.mjs'),
  markdown: () => import('shiki/langs/markdown.mjs'),
  php: () => import('shiki/langs/php.mjs'),
  powershell: () => import('shiki/langs/powershell.mjs'),
  proto: () => import('shiki/langs/proto.mjs'),
  python: () => import('shiki/langs/python.mjs'),
  r: () => import('shiki/langs/r.mjs'),
  ruby: () => import('shiki/langs/ruby.mjs'),
  rust: () => import('shiki/langs/rust.mjs'),
  scala: () => import('shiki/langs/scala.mjs'),
  scss: () => import('shiki/langs/scss.mjs'),
  sql: () => import('shiki/langs/sql.mjs'),
  swift: () => import('shiki/langs/swift.mjs'),
  terraform: () => import('shiki/langs/terraform.mjs'),
  toml: () => import('shiki/langs/toml.mjs'),
  tsx: () => import('shiki/langs/tsx.mjs'),
  typescript: () => import('shiki/langs/typescript.mjs'),
  xml: () => import('shiki/langs/xml.mjs'),
  yaml: () => import('shiki/langs/yaml.mjs'),
  zig: () => import('shiki/langs/zig.mjs'),
};

// The JavaScript engine needs no WebAssembly, which the content security policy would have to allow.
const started = createHighlighterCore({
  themes: [createCssVariablesTheme({ name: 'variables' })],
  langs: [],
  engine: createJavaScriptRegexEngine({ forgiving: true }),
});

const kindPattern = /^var\(--shiki-token-([a-z-]+)\)$/;

/** The tokens of each line; neighbors of the same kind are merged. */
async function tokensOf({ text, language }: HighlightRequest): Promise<Token[][]> {
  const highlighter = await started;
  await highlighter.loadLanguage(grammars[language]);
  const lines = highlighter.codeToTokensBase(text, { lang: language, theme: 'variables', tokenizeMaxLineLength: 2_000 });
  return lines.map((line) => {
    const merged: { kind: string; text: string }[] = [];
    for (const { content, color = '' } of line) {
      const kind = kindPattern.exec(color)?.[1] ?? '';
      const last = merged.at(-1);
      // White space has no color of its own.
      if (last && (last.kind === kind || content.trim() === '')) last.text += content;
      else merged.push({ kind, text: content });
    }
    return merged;
  });
}

// One at a time: a short code block does not wait for the grammar of a later one.
addEventListener('message', ({ data }: MessageEvent<HighlightRequest>) => {
  const answer = (lines: Token[][] | undefined) => postMessage({ id: data.id, lines } satisfies HighlightResponse);
  tokensOf(data).then(answer, () => answer(undefined));
});
