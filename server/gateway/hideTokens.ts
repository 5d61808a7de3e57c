import { Id } from '../../contract/shared/fields.ts';

/** What precedes a token in a path: invitations, the first administrator, and shares at the API and at the pages of a front end. */
export const beforeTokens: readonly string[] = ['/v1/account-invitations/', '/v1/bootstrap/verify/', '/v1/s/', '/s/'];

/** The path with `{token}` in the place of a token, which opens what it belongs to. Ids in the same place stay: they are no secrets. */
export function hideTokens(path: string): string {
  const prefix = beforeTokens.find((each) => path.startsWith(each));
  if (prefix === undefined) return path;
  const [step = '', ...rest] = path.slice(prefix.length).split('/');
  return step === '' || Id.safeParse(step).success ? path : [`${prefix}{token}`, ...rest].join('/');
}
