let handed: string | undefined;

/** Asks the page of a thread, which comes next, to have the first message answered. */
export function handOver(threadId: string) {
  handed = threadId;
}

/** Whether that was asked; to be asked once. */
export function takeOver(threadId: string): boolean {
  const mine = handed === threadId;
  if (mine) handed = undefined;
  return mine;
}
