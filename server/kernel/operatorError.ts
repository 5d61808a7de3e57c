/** A mistake that only the person running the process can mend; each line of the message names the variable or place and what is expected. */
export class OperatorError extends Error {
  override name = 'OperatorError';
}

/** The `code` of a system or database error, such as `ECONNREFUSED` or `28P01`. */
export function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
