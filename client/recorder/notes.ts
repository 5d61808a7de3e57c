/** What a consumer used, with the names as they were on the wire. Paths are lists of steps; `[]` is any element of an array, `{}` every declared field. */
export type Notes = {
  operations: Record<string, OperationNotes>;
  /** Requests that match no operation. */
  unknown: string[];
};
export type OperationNotes = { query: string[]; headers: string[]; body: string[][]; responses: Record<string, ResponseNotes> };
export type ResponseNotes = { reads: string[][]; reasons: string[]; events: Record<string, string[][]> };

const emptyOperation = (): OperationNotes => ({ query: [], headers: [], body: [], responses: {} });
const emptyResponse = (): ResponseNotes => ({ reads: [], reasons: [], events: {} });

/** Collects notes. `onNote` is called once for everything new. */
export function createNotebook(onNote: () => void = () => {}) {
  const notes: Notes = { operations: {}, unknown: [] };
  const known = new Set<string>();
  /** Runs `write` unless the same was noted before. */
  const once = (key: readonly unknown[], write: () => void) => {
    const text = JSON.stringify(key);
    if (known.has(text)) return;
    known.add(text);
    write();
    onNote();
  };
  const operation = (id: string) => (notes.operations[id] ??= emptyOperation());
  const response = (id: string, status: number) => (operation(id).responses[status] ??= emptyResponse());
  return {
    notes,
    called: (id: string) => once([id], () => void operation(id)),
    query: (id: string, name: string) => once([id, 'query', name], () => void operation(id).query.push(name)),
    header: (id: string, name: string) => once([id, 'header', name], () => void operation(id).headers.push(name)),
    body: (id: string, path: string[]) => once([id, 'body', ...path], () => void operation(id).body.push(path)),
    answered: (id: string, status: number) => once([id, status], () => void response(id, status)),
    read: (id: string, status: number, path: string[]) => once([id, status, ...path], () => void response(id, status).reads.push(path)),
    reason: (id: string, status: number, reason: string) =>
      once([id, status, 'reason', reason], () => void response(id, status).reasons.push(reason)),
    event: (id: string, status: number, type: string, path: string[]) =>
      once([id, status, 'event', type, ...path], () => {
        const { events } = response(id, status);
        (events[type] ??= []).push(path);
      }),
    unknown: (request: string) => once(['unknown', request], () => void notes.unknown.push(request)),
  };
}

export type Notebook = ReturnType<typeof createNotebook>;
