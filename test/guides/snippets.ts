import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** A block of code in a document. */
export type Snippet = {
  document: string;
  /** Where its text begins. */
  line: number;
  lang: string;
  /** The words after the language: `file=hello.ts`, `not-run: why`. */
  info: string;
  text: string;
};

/** The documents with code in them that a reader copies. */
export const documents = [
  'README.md',
  'client/README.md',
  ...readdirSync(join(root, 'docs/guides'))
    .filter((file) => file.endsWith('.md'))
    .sort()
    .map((file) => `docs/guides/${file}`),
];

export const textOf = (document: string) => readFileSync(join(root, document), 'utf8');

/** The blocks of code of a document, in order. */
export function snippetsOf(document: string): Snippet[] {
  const snippets: Snippet[] = [];
  let open: Snippet | undefined;
  textOf(document)
    .split('\n')
    .forEach((line, index) => {
      const fence = /^```(\S*)\s*(.*)$/.exec(line);
      if (!open && fence) open = { document, line: index + 2, lang: fence[1]!, info: fence[2]!, text: '' };
      else if (open && line === '```') {
        snippets.push(open);
        open = undefined;
      } else if (open) open.text += `${line}\n`;
    });
  if (open) throw new Error(`${document}:${open.line} is not closed`);
  return snippets;
}

/** The file that a snippet is to be saved as, if it says one. */
export const fileOf = ({ info }: Snippet) => /\bfile=(\S+)/.exec(info)?.[1];

/** Whether a snippet is a program that is run where it stands: `ts file=hello.ts run`. */
export const isProgram = ({ info }: Snippet) => /\bfile=\S+ run\b/.test(info);

/** Why a command is not run; undefined where it is. */
export const whyNotRun = ({ info }: Snippet) => /^not-run: (.+)$/.exec(info)?.[1];
