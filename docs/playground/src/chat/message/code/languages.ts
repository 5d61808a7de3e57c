type Language = { name: string; extension: string; aliases?: readonly string[] };

/** The languages that are highlighted, by the name of their grammar. */
const languages = {
  bash: { name: 'Shell', extension: 'sh', aliases: ['sh', 'shell', 'zsh', 'console', 'shellscript', 'shell-session'] },
  c: { name: 'C', extension: 'c', aliases: ['h'] },
  cpp: { name: 'C++', extension: 'cpp', aliases: ['c++', 'cc', 'hpp', 'cxx'] },
  csharp: { name: 'C#', extension: 'cs', aliases: ['c#', 'cs'] },
  css: { name: 'CSS', extension: 'css' },
  dart: { name: 'Dart', extension: 'dart' },
  diff: { name: 'Diff', extension: 'diff', aliases: ['patch'] },
  docker: { name: 'Dockerfile', extension: 'Dockerfile', aliases: ['dockerfile'] },
  elixir: { name: 'Elixir', extension: 'ex', aliases: ['ex', 'exs'] },
  go: { name: 'Go', extension: 'go', aliases: ['golang'] },
  graphql: { name: 'GraphQL', extension: 'graphql', aliases: ['gql'] },
  haskell: { name: 'Haskell', extension: 'hs', aliases: ['hs'] },
  html: { name: 'HTML', extension: 'html', aliases: ['htm'] },
  ini: { name: 'INI', extension: 'ini', aliases: ['properties', 'conf'] },
  java: { name: 'Java', extension: 'java' },
  javascript: { name: 'JavaScript', extension: 'js', aliases: ['js', 'mjs', 'cjs', 'node'] },
  json: { name: 'JSON', extension: 'json', aliases: ['jsonc', 'json5', 'jsonl'] },
  jsx: { name: 'JSX', extension: 'jsx' },
  kotlin: { name: 'Kotlin', extension: 'kt', aliases: ['kt', 'kts'] },
  latex: { name: 'LaTeX', extension: 'tex', aliases: ['tex'] },
  lua: { name: 'Lua', extension: 'lua' },
  make: { name: 'Makefile', extension: 'mk', aliases: ['makefile', 'mk'] },
  markdown: { name: 'Markdown', extension: 'md', aliases: ['md', 'mdx'] },
  php: { name: 'PHP', extension: 'php' },
  powershell: { name: 'PowerShell', extension: 'ps1', aliases: ['ps1', 'ps', 'pwsh'] },
  proto: { name: 'Protocol Buffers', extension: 'proto', aliases: ['protobuf'] },
  python: { name: 'Python', extension: 'py', aliases: ['py', 'python3'] },
  r: { name: 'R', extension: 'r' },
  ruby: { name: 'Ruby', extension: 'rb', aliases: ['rb'] },
  rust: { name: 'Rust', extension: 'rs', aliases: ['rs'] },
  scala: { name: 'Scala', extension: 'scala' },
  scss: { name: 'SCSS', extension: 'scss', aliases: ['sass'] },
  sql: { name: 'SQL', extension: 'sql', aliases: ['postgresql', 'postgres', 'pgsql', 'mysql', 'sqlite'] },
  swift: { name: 'Swift', extension: 'swift' },
  terraform: { name: 'Terraform', extension: 'tf', aliases: ['tf', 'hcl'] },
  toml: { name: 'TOML', extension: 'toml' },
  tsx: { name: 'TSX', extension: 'tsx' },
  typescript: { name: 'TypeScript', extension: 'ts', aliases: ['ts', 'mts', 'cts'] },
  xml: { name: 'XML', extension: 'xml', aliases: ['svg', 'xhtml', 'rss'] },
  yaml: { name: 'YAML', extension: 'yaml', aliases: ['yml'] },
  zig: { name: 'Zig', extension: 'zig' },
} as const satisfies Record<string, Language>;

export type LanguageId = keyof typeof languages;

const ids = new Map<string, LanguageId>(
  Object.entries<Language>(languages).flatMap(([id, { aliases = [] }]) =>
    [id, ...aliases].map((name) => [name, id as LanguageId] as const),
  ),
);

/** The grammar for the name after a code fence, or for the extension of a file; undefined for text and unknown languages. */
export const languageOf = (name: string): LanguageId | undefined => ids.get(name.toLowerCase());

/** Files whose type is more than the language of their text. */
const others = new Map([
  ['svg', { name: 'SVG', extension: 'svg' }],
  ['mermaid', { name: 'Diagram', extension: 'mmd' }],
  ['csv', { name: 'CSV', extension: 'csv' }],
  ['', { name: 'Text', extension: 'txt' }],
]);

/** The name to show for a language, and the extension of a file with such text. */
export function factsOf(name: string): { name: string; extension: string } {
  const id = languageOf(name);
  return others.get(name.toLowerCase()) ?? (id ? languages[id] : { name, extension: 'txt' });
}
