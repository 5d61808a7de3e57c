let handed: string | undefined;

/** Marks a new thread whose page must start the first run. */
export function markForStart(threadId: string) {
  handed = threadId;
}

/** Returns whether the thread was marked, and clears the mark. */
export function takeStartMark(threadId: string): boolean {
  const mine = handed === threadId;
  if (mine) handed = undefined;
  return mine;
}
