/** The longest delay of a Node timer, in milliseconds. A longer delay fires at once. */
export const maxTimerMs = 2 ** 31 - 1;

/** The longest time that a call of a model may take before its response has headers, in milliseconds. A gateway waits longer for them. */
export const maxAnswerMs = 15 * 60_000;
