import { Link } from 'wouter';
import type { RunError } from '../../../../../client/index.ts';
import { useMe } from '../../me.ts';
import { managesProviders, useProviders } from '../../providers.ts';

/** Whether the model provider did not accept its API key. */
export const isKeyRejected = ({ error_class: errorClass, details = {} }: RunError): boolean =>
  errorClass.startsWith('provider.') &&
  (details.status_code === 401 || details.status_code === 403 || details.reason === 'api_key_invalid');

/** Leads those who may replace the API key of a provider to its settings. */
export function RejectedKey({ providerId }: { providerId: string }) {
  const me = useMe().data;
  const provider = useProviders().data?.find(({ id }) => id === providerId);
  if (!me || !provider) return null;
  return (
    <p>
      {managesProviders(me, provider.scope) ? (
        <Link href={`/settings/models?provider=${provider.id}`}>Check the API key of “{provider.name}”</Link>
      ) : (
        `The API key of “${provider.name}” does not work. Ask an administrator to check it.`
      )}
    </p>
  );
}
