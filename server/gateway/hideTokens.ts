/** What precedes a token in a path: invitations, the first administrator, and shares at the API and at the pages of a front end. */
export const beforeTokens: readonly string[] = ['/v1/account-invitations/', '/v1/bootstrap/verify/', '/v1/s/', '/s/'];

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The path with `{token}` in the place of a token, which opens what it belongs to. Ids in the same place stay: they are no secrets. */
export function hideTokens(path: string): string {
  const prefix = beforeTokens.find((each) => path.startsWith(each));
  if (prefix === undefined) return path;
  const [step = '', ...rest] = path.slice(prefix.length).split('/');
  return step === '' || uuid.test(step) ? path : [`${prefix}{token}`, ...rest].join('/');
}
