/** Milliseconds: a timer of Node's that is given more fires at once. */
export const longestTimer = 2 ** 31 - 1;
