import type { ReactNode } from 'react';
import type { ApiKey } from '../../../../../client/index.ts';
import { When } from '../../components/format.tsx';
import { ConfirmDialog } from '../../resource/dialogs.tsx';
import { Badge } from '../../ui/buttons.tsx';
import { isPast } from './keyForm.tsx';

// What the tables of API keys and of service keys have in common.

type Name = Pick<ApiKey, 'name' | 'key_prefix' | 'created_at'>;

export const KeyName = ({ apiKey: { name, key_prefix, created_at } }: { apiKey: Name }) => (
  <>
    {name}
    <div className="muted small">
      <code>{key_prefix}…</code> · created <When at={created_at} />
    </div>
  </>
);

/** Time to replace a key. */
const warnMs = 14 * 86_400_000;
const isSoon = (time: string) => Date.parse(time) - Date.now() < warnMs;

type Lifetime = Pick<ApiKey, 'revoked_at' | 'expires_at' | 'previous_secret_expires_at'>;

/** `inactive` is the reason why a key that has not expired is rejected. */
export function KeyExpiry({ apiKey, inactive }: { apiKey: Lifetime; inactive?: string | undefined }) {
  const { revoked_at, expires_at, previous_secret_expires_at: previous } = apiKey;
  if (revoked_at) return <Badge>Revoked</Badge>;
  if (expires_at && isPast(expires_at)) return <Badge tone="danger">Expired</Badge>;
  if (inactive) return <Badge tone="danger">{inactive}</Badge>;
  return (
    <>
      {expires_at ? <When at={expires_at} /> : 'Never'}
      {expires_at && isSoon(expires_at) && (
        <div>
          <Badge tone="warning">Expires soon</Badge>
        </div>
      )}
      {previous && (
        <div className="muted small">
          Earlier secret: <When at={previous} />
        </div>
      )}
    </>
  );
}

export const lastUse = ({ last_used_at }: Pick<ApiKey, 'last_used_at'>): ReactNode => (last_used_at ? <When at={last_used_at} /> : 'Never');

type RevocationProps = { name: string; listKey: readonly string[]; effects?: string; revoke: () => Promise<unknown>; onClose: () => void };

export const KeyRevocation = ({ name, listKey, effects, revoke, onClose }: RevocationProps) => (
  <ConfirmDialog title={`Revoke “${name}”?`} confirm="Revoke" done="Revoked" changes={[listKey]} onClose={onClose} action={revoke}>
    Requests with this key will be rejected. {effects} This cannot be undone.
  </ConfirmDialog>
);
