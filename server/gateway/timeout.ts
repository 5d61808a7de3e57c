/** Maximum time that a request waits for the database, in milliseconds. Without a result the gateway leaves the decision to the API. */
const databaseTimeoutMs = 150;

/** The result, or undefined after a timeout or an error. */
export async function withTimeout<T>(asked: Promise<T>, ms = databaseTimeoutMs): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(late.resolve, ms, undefined);
  try {
    return await Promise.race([asked.catch(() => undefined), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
