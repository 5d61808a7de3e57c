type Declarations = Readonly<Record<string, string>>;

/** Declarations that snippets use but do not contain, by document or by the file that a snippet is saved as. */
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
    runId: 'declare const runId: string;',

    readSecret: 'declare function readSecret(name: string): Promise<string>;',
    traceparent: 'declare function traceparent(): string;',
    measure: 'declare function measure(operation: string, status: number | undefined, ms: number, traceId: string | undefined): void;',
  },
  'server/resources/notes/handlers.ts': {
    implement: "import { implement } from '../../http/pipeline/implement.ts';",
    notes: "import { notes } from '../../../contract/notes.ts';",
    findNote: "declare function findNote(scope: import('../../http/scope.ts').Scope, id: string): Promise<{ id: string }>;",
    createNote:
      "declare function createNote(scope: import('../../http/scope.ts').Scope, input: { text: string }): Promise<{ id: string }>;",
    listNotes:
      "declare function listNotes(scope: import('../../http/scope.ts').Scope, query: { limit: number }): Promise<{ rows: { id: string }[]; next: string | undefined }>;",
    deleteNote: "declare function deleteNote(scope: import('../../http/scope.ts').Scope, row: { id: string }): Promise<void>;",
    viewNote: "declare function viewNote(row: { id: string }): import('../../../contract/notes.ts').Note;",
  },
};

/** Values of a snippet that another step of its guide adds, with an existing value to compile it with. By the file that the snippet is saved as. */
const substitutes: Readonly<Record<string, readonly [added: string, existing: string]>> = {
  'contract/notes.ts': ["quota: 'notes'", "quota: 'teams'"],
};

/** The text of a snippet as it is compiled. */
export function compilableText(place: string, text: string): string {
  const [added, existing] = substitutes[place] ?? ['', ''];
  return text.replace(added, existing);
}

export function declarationsFor(place: string, text: string): string {
  const declares = (name: string) => new RegExp(String.raw`\b(?:const|let|function) ${name}\b|\bimport \{[^}]*\b${name}\b`).test(text);
  const uses = (name: string) => new RegExp(String.raw`\b${name}\b`).test(text);
  return Object.entries(given[place] ?? {})
    .filter(([name]) => uses(name) && !declares(name))
    .map(([, declaration]) => declaration)
    .join(' ');
}
