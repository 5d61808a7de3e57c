/**
 * What a consumer uses of the API: only names of the contract, no values. Paths have the form `items[].id`; `*` is any key of a map.
 * Everything is sorted, so that a manifest can be committed and compared.
 */
export type Manifest = {
  format: 1;
  consumer: string;
  /** By the name of the call in the client: `threads.create`. */
  operations: Record<string, UsedOperation>;
  /** Requests to paths that the contract does not have. Segments that may be values are `*`. */
  unknown: string[];
};

export type UsedOperation = {
  /** Query parameters that were sent at least once. */
  query: string[];
  /** Headers of the contract that were sent, in lower case. */
  headers: string[];
  /** Fields of the body that were sent. */
  body: string[];
  responses: Record<string, UsedResponse>;
};

export type UsedResponse = {
  /** Fields that were read. */
  reads: string[];
  /** `details.reason` of errors that were received. */
  reasons: string[];
  /** For streams: the types of the received events, with the fields that were read. */
  events: Record<string, string[]>;
};

/** The union of several manifests of one consumer, from several test processes for example. */
export const mergeManifests = ([first, ...more]: readonly [Manifest, ...Manifest[]]): Manifest =>
  more.reduce((merged, each) => mergeTwo(merged, each), first);

const mergeTwo = (a: Manifest, b: Manifest): Manifest => ({
  ...a,
  operations: mergeRecords(a.operations, b.operations, mergeOperations),
  unknown: union(a.unknown, b.unknown),
});

const mergeOperations = (a: UsedOperation, b: UsedOperation): UsedOperation => ({
  query: union(a.query, b.query),
  headers: union(a.headers, b.headers),
  body: union(a.body, b.body),
  responses: mergeRecords(a.responses, b.responses, mergeResponses),
});

const mergeResponses = (a: UsedResponse, b: UsedResponse): UsedResponse => ({
  reads: union(a.reads, b.reads),
  reasons: union(a.reasons, b.reasons),
  events: mergeRecords(a.events, b.events, union),
});

const union = (a: readonly string[], b: readonly string[]) => [...new Set([...a, ...b])].sort();

function mergeRecords<T>(a: Readonly<Record<string, T>>, b: Readonly<Record<string, T>>, merge: (a: T, b: T) => T): Record<string, T> {
  const names = union(Object.keys(a), Object.keys(b));
  return Object.fromEntries(
    names.map((name) => [name, a[name] !== undefined && b[name] !== undefined ? merge(a[name], b[name]) : (a[name] ?? b[name])!]),
  );
}
