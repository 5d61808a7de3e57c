import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** A fenced code block. */
export type Snippet = {
  document: string;
  /** Number of the first line of its text, from 1. */
  line: number;
  lang: string;
  /** The words after the language, such as `file=hello.ts` or `not-run: why`. */
  info: string;
  text: string;
};

/** Documents with code that readers copy. */
export const documents = [
  'README.md',
  'client/README.md',
  ...readdirSync(join(root, 'docs/guides'))
    .filter((file) => file.endsWith('.md'))
    .sort()
    .map((file) => `docs/guides/${file}`),
];

export const textOf = (document: string) => readFileSync(join(root, document), 'utf8');

/** In order. Throws if a block is not closed or starts with a line that is none in Markdown. */
export function snippetsOf(document: string): Snippet[] {
  const snippets: Snippet[] = [];
  let open: Snippet | undefined;
  textOf(document)
    .split('\n')
    .forEach((line, index) => {
      const fence = /^```(\S*)\s*(.*)$/.exec(line);
      // Markdown would read such a line as text, and the end of the block as the start of one.
      if (fence?.[2]?.includes('`')) throw new Error(`${document}:${index + 1} has a backtick after the language`);
      if (!open && fence) open = { document, line: index + 2, lang: fence[1]!, info: fence[2]!, text: '' };
      else if (open && line === '```') {
        snippets.push(open);
        open = undefined;
      } else if (open) open.text += `${line}\n`;
    });
  if (open) throw new Error(`${document}:${open.line} is not closed`);
  return snippets;
}

/** The file that the snippet is saved as: `file=hello.ts`. */
export const fileOf = ({ info }: Snippet) => /\bfile=(\S+)/.exec(info)?.[1];

/** Whether the snippet is executed as a program: `ts file=hello.ts run`. */
export const isProgram = ({ info }: Snippet) => /\bfile=\S+ run\b/.test(info);

/** The reason why the tests do not run a command: `not-run: why`. */
export const whyNotRun = ({ info }: Snippet) => /^not-run: (.+)$/.exec(info)?.[1];

const react = ['docs/guides/react.md', 'src'] as const;
/** The applications in the guides: the guides and folders of their files. Later files replace earlier ones. */
export const guideAppSources = {
  react: [react],
  'ai-sdk': [react, ['docs/guides/chat-front-ends.md', 'ai-sdk']],
  'assistant-ui': [react, ['docs/guides/chat-front-ends.md', 'assistant-ui']],
  attachments: [react, ['docs/guides/attachments.md', 'src']],
} as const;
