/** What the driver says, without a code, of a connection that broke, was closed, or was not there in time. */
const lost = /^Connection terminated|^Client .* is not queryable$|^timeout exceeded when trying to connect$/;

/** Whether an error means that a connection to the database was lost or could not be had: the same may succeed on another. */
export const isConnectionLost = (error: unknown): boolean => error instanceof Error && lost.test(error.message);
