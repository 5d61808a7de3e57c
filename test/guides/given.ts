type Declarations = Readonly<Record<string, string>>;

/** What snippets take as given: declarations by name, for a document or the file that a snippet is saved as. All else they declare themselves. */
const given: Readonly<Record<string, Declarations>> = {
  'client/README.md': {
    createClient: "import { createClient } from '@arkloop/client';",
    client: "declare const client: import('@arkloop/client').Client;",
    baseUrl: 'declare const baseUrl: string;',
    thread_id: 'declare const thread_id: string;',
    rawBody: 'declare const rawBody: string;',
    request: 'declare const request: { headers: Headers };',
    readCookie: 'declare function readCookie(): string | undefined;',
    writeCookie: 'declare function writeCookie(cookie: string | undefined): void;',
    showSignIn: 'declare function showSignIn(reason: string | undefined): void;',
    show: "declare function show(thread: import('@arkloop/client').Thread): void;",
    topUp: 'declare function topUp(): void;',
    waitForIt: 'declare function waitForIt(): void;',
  },
  'server/resources/notes/handlers.ts': {
    implement: "import { implement } from '../../http/implement.ts';",
    notes: "import { notes } from '../../../contract/notes.ts';",
    findNote: "declare function findNote(scope: import('../../kernel/scope.ts').Scope, id: string): Promise<{ id: string }>;",
    createNote:
      "declare function createNote(scope: import('../../kernel/scope.ts').Scope, input: { text: string }): Promise<{ id: string }>;",
    listNotes:
      "declare function listNotes(scope: import('../../kernel/scope.ts').Scope, query: { limit: number }): Promise<{ rows: { id: string }[]; next: string | undefined }>;",
    deleteNote: "declare function deleteNote(scope: import('../../kernel/scope.ts').Scope, row: { id: string }): Promise<void>;",
    viewNote: "declare function viewNote(row: { id: string }): import('../../../contract/notes.ts').Note;",
  },
};

/** The declarations that a snippet needs and does not make. */
export function givenFor(place: string, text: string): string {
  const declares = (name: string) => new RegExp(String.raw`\b(?:const|let|function) ${name}\b|\bimport \{[^}]*\b${name}\b`).test(text);
  const uses = (name: string) => new RegExp(String.raw`\b${name}\b`).test(text);
  return Object.entries(given[place] ?? {})
    .filter(([name]) => uses(name) && !declares(name))
    .map(([, declaration]) => declaration)
    .join(' ');
}
