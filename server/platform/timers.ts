/** The longest delay of a Node timer, in milliseconds. A longer delay fires at once. */
export const maxTimerMs = 2 ** 31 - 1;
