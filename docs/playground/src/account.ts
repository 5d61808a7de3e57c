const key = 'account';

/** The account that the user has switched to in this browser. Undefined: the one of the session. */
export const chosenAccount = (): string | undefined => localStorage.getItem(key) ?? undefined;

/** Loads the page anew, because everything that it has loaded belongs to the previous account. */
export function switchAccount(id: string, path = '/'): void {
  localStorage.setItem(key, id);
  location.assign(path);
}

const ownerKey = (resourceId: string) => `account of ${resourceId}`;

/**
 * Keeps the account of something whose user leaves the page and returns to another address in this tab. Meanwhile the user may switch to another
 * account in another tab.
 */
export const keepAccountOf = (resourceId: string, accountId: string): void => sessionStorage.setItem(ownerKey(resourceId), accountId);

export const keptAccountOf = (resourceId: string): string | undefined => sessionStorage.getItem(ownerKey(resourceId)) ?? undefined;

/** Returns to the account of the session. Returns whether another one was chosen. */
export function forgetAccount(): boolean {
  const wasChosen = chosenAccount() !== undefined;
  localStorage.removeItem(key);
  return wasChosen;
}
