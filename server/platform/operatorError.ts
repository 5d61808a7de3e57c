/** An error that only the operator can fix. Each line of the message names the variable or file and what is expected. */
export class OperatorError extends Error {
  override name = 'OperatorError';
}

/** The `code` of a system or database error, such as `ECONNREFUSED` or `28P01`. */
export function errorCodeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
