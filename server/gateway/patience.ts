/** How long a request waits for the database, in milliseconds: the gateway can do without, and leave it to the API. */
const patienceMs = 150;

/** The answer if it comes in time and is no error, else undefined. */
export async function within<T>(asked: Promise<T>, ms = patienceMs): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(late.resolve, ms, undefined);
  try {
    return await Promise.race([asked.catch(() => undefined), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
