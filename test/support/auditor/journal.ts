/** A write with an idempotency key, as its client saw it. */
export type KeyedWrite = {
  kind: 'thread' | 'message' | 'run' | 'adjustment' | 'operation';
  /** Also the title of the thread, the content of the message, or the note of the credits. */
  key: string;
  /** With `accountId`, `method` and `path`, the scope of the key. */
  userId: string;
  accountId: string;
  path: string;
  /** Of messages and runs. */
  threadId?: string;
  attempts: number;
  /** The first success that arrived. */
  acknowledged?: { status: number; id: string };
};

/** The events of a run that a reader received. */
type ReadStream = { runId: string; events: { seq: number; event_id: string }[] };

/** What clients sent and what they were told. */
export type Journal = {
  /** Registrations. `userId` is missing if no success arrived. */
  users: { login: string; userId?: string }[];
  writes: KeyedWrite[];
  streams: ReadStream[];
  /** Executed tool calls: the number of requests by arguments. */
  toolCalls: Map<string, number>;
  /** Ids of the deliveries that receivers accepted with 200. */
  deliveries: Set<string>;
  /** What clients themselves found wrong: unexpected responses, and different responses to one key. */
  complaints: { kind: string; subject: string; detail: string }[];
};

export const newJournal = (): Journal => ({
  users: [],
  writes: [],
  streams: [],
  toolCalls: new Map(),
  deliveries: new Set(),
  complaints: [],
});

/** What clients have been told so far. */
export type Known = { keys: ReadonlySet<string>; streams: Journal['streams'] };

export const knownNow = ({ writes, users, streams }: Journal): Known => ({
  keys: new Set([
    ...writes.filter(({ acknowledged }) => acknowledged).map(({ key }) => key),
    ...users.flatMap(({ userId }) => userId ?? []),
  ]),
  streams: structuredClone(streams),
});

/** What a copy from a moment after `known` must contain. Later writes may be in it or not. */
export function journalBefore(journal: Journal, { keys, streams }: Known): Journal {
  const writes = journal.writes.map(({ acknowledged, ...write }) =>
    acknowledged && keys.has(write.key) ? { ...write, acknowledged } : write,
  );
  const users = journal.users.map(({ login, userId }) => (userId !== undefined && keys.has(userId) ? { login, userId } : { login }));
  return { ...newJournal(), writes, users, streams, deliveries: journal.deliveries };
}
