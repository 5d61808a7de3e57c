/** Something that must not be in the database: its kind, the id of the row, and what was expected and found. */
export type Finding = { kind: string; subject: string; detail: string };

/** A query that returns the rows of one kind of finding, as `subject` and `detail`. */
export type Check = {
  kind: string;
  sql: string;
  /** Holds only after the load has stopped and all processes have had time to finish. */
  isSettled?: true;
};
