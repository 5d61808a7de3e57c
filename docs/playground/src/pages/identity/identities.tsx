import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { LinkedIdentity } from '../../../../../client/index.ts';
import { When } from '../../components/format.tsx';
import { QueryState } from '../../components/states.tsx';
import { ConfirmDialog, FormDialog, useDialog } from '../../resource/dialogs.tsx';
import { client } from '../../session.ts';
import { Badge, Button } from '../../ui/buttons.tsx';
import { Select } from '../../ui/select.tsx';
import { CurrentPassword, currentPasswordOf } from '../security/currentPassword.tsx';
import { leaveFor } from './flow.ts';

const identitiesKey = ['identities'];

/** The providers with which the user signs in. */
export function Identities() {
  const identities = useQuery({ queryKey: identitiesKey, queryFn: () => client.identities.list() });
  const { data: providers = [] } = useQuery({ queryKey: ['sign-in-providers'], queryFn: () => client.providerSignIn.providers() });
  const [dialog, open] = useDialog();
  return (
    <QueryState query={identities}>
      {(linked) => (
        <>
          {linked.length === 0 && (
            <p className="muted">
              {providers.length > 0
                ? 'Link an identity to sign in without your password.'
                : 'This server has no identity providers. Its administrators can add them.'}
            </p>
          )}
          {linked.length > 0 && (
            <dl className="facts">
              {linked.map((identity) => (
                <Row
                  key={identity.id}
                  identity={identity}
                  onUnlink={() => open((close) => <Unlink identity={identity} onClose={close} />)}
                />
              ))}
            </dl>
          )}
          {providers.length > 0 && (
            <div>
              <Button icon="add" onClick={() => open((close) => <LinkDialog providers={providers} onClose={close} />)}>
                Link an identity
              </Button>
            </div>
          )}
          {dialog}
        </>
      )}
    </QueryState>
  );
}

const nameOf = ({ provider_name, issuer }: LinkedIdentity) => provider_name ?? issuer;

const Row = ({ identity, onUnlink }: { identity: LinkedIdentity; onUnlink: () => void }) => (
  <>
    <dt>{nameOf(identity)}</dt>
    <dd>
      {identity.email ?? 'No address'} {!identity.usable && <Badge tone="warning">Provider is off</Badge>}{' '}
      <span className="muted small">
        {identity.last_used_at ? (
          <>
            used <When at={identity.last_used_at} />
          </>
        ) : (
          'never used'
        )}
      </span>{' '}
      <Button small kind="ghost" onClick={onUnlink} aria-label={`Unlink ${nameOf(identity)}`}>
        Unlink
      </Button>
    </dd>
  </>
);

type Providers = readonly { id: string; name: string }[];

function LinkDialog({ providers, onClose }: { providers: Providers; onClose: () => void }) {
  const [id, choose] = useState(providers[0]!.id);
  return (
    <FormDialog
      title="Link an identity"
      submit="Continue at the provider"
      fieldOf={{ invalid_credentials: 'current_password' }}
      changes={[]}
      onClose={onClose}
      onSubmit={async (values) => {
        const body = { identity_provider_id: id, current_password: currentPasswordOf(values) };
        leaveFor((await client.identities.start({ body })).authorization_url, 'link');
      }}
    >
      <Select label="Provider" value={id} onChange={choose} options={providers.map((each) => ({ value: each.id, label: each.name }))} />
      <CurrentPassword />
    </FormDialog>
  );
}

const Unlink = ({ identity, onClose }: { identity: LinkedIdentity; onClose: () => void }) => (
  <ConfirmDialog
    title={`Unlink ${nameOf(identity)}?`}
    confirm="Unlink"
    done="Unlinked"
    changes={[identitiesKey]}
    onClose={onClose}
    action={() => client.identities.delete({ params: { identity_id: identity.id } })}
  >
    You can no longer sign in with it. Your sessions stay open.
  </ConfirmDialog>
);
