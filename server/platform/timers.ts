/** The longest delay of a Node timer, in milliseconds. A longer delay fires at once. */
export const maxTimerMs = 2 ** 31 - 1;

/** The longest duration of a call whose answer is sent only when it is complete. A gateway waits longer for its headers. */
export const maxAnswerMs = 15 * 60_000;
