export type Row = Record<string, unknown>;

/** The rows of a list: the array itself, or the first array in an object. */
export const rowsOf = (body: unknown): Row[] =>
  (Array.isArray(body) ? body : (Object.values((body ?? {}) as Row).find(Array.isArray) ?? [])) as Row[];

/** Identifies a row: by its id, else by all it contains. */
export const keyOf = (row: unknown): string => {
  const { id, run_id, event_id, user_id } = (row ?? {}) as Row;
  const own = id ?? run_id ?? event_id ?? user_id;
  return typeof own === 'string' ? own : JSON.stringify(row);
};
