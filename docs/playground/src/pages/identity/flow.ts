import { messageOf } from '../../components/states.tsx';
import { client } from '../../session.ts';
import { showToast } from '../../ui/toasts.tsx';

/** What the user does at a provider, by the state of the flow. Kept in the tab, which the user leaves and returns to. */
type Purpose = 'sign-in' | 'link';
const keyOf = (state: string) => `identity flow ${state}`;
const tokenKey = 'identity link';

/** Leaves the page for that of the provider, which returns to `/oauth/sign-in/…`. */
export function leaveFor(address: string, purpose: Purpose): void {
  const state = new URL(address).searchParams.get('state') ?? '';
  sessionStorage.setItem(keyOf(state), purpose);
  location.assign(address);
}

export const purposeOf = (state: string | undefined): Purpose =>
  state !== undefined && sessionStorage.getItem(keyOf(state)) === 'link' ? 'link' : 'sign-in';

/** Where to return to: the page that was requested, unless it is one for signing in. */
const returnPath = (): string | undefined => {
  const path = location.pathname + location.search;
  return /^\/(sign-|oauth\/|setup|verify)/.test(path) ? undefined : path;
};

export async function signInAt(providerId: string, inviteCode?: string): Promise<void> {
  const { authorization_url: address } = await client.providerSignIn.start({
    params: { identity_provider_id: providerId },
    body: { return_to: returnPath(), invite_code: inviteCode },
  });
  leaveFor(address, 'sign-in');
}

/** Keeps the token of an identity until the user has signed in another way, or it expires. */
export const keepLinkToken = (token: string, seconds: number) =>
  sessionStorage.setItem(tokenKey, JSON.stringify({ token, until: Date.now() + seconds * 1_000 }));

function keptLinkToken(): string | undefined {
  const { token, until } = JSON.parse(sessionStorage.getItem(tokenKey) ?? '{}') as { token?: string; until?: number };
  return until !== undefined && until > Date.now() ? token : undefined;
}

export const hasLinkToken = () => keptLinkToken() !== undefined;

/** For a user who does not want to link, such as one who finds the page of somebody else. */
export const dropLinkToken = () => sessionStorage.removeItem(tokenKey);

/** Call after a sign-in. */
export async function confirmLink(): Promise<void> {
  const token = keptLinkToken();
  dropLinkToken();
  if (token === undefined) return;
  try {
    await client.identities.confirm({ body: { link_token: token } });
    showToast('Linked. From now on you can sign in with your provider.', { tone: 'good' });
  } catch (error) {
    showToast(messageOf(error), { tone: 'danger' });
  }
}
