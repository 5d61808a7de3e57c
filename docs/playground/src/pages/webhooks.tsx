import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { WebhookEndpoint, WebhookEndpointWithSecret } from '../../../../client/index.ts';
import { When } from '../components/format.tsx';
import { Page } from '../components/page.tsx';
import { More, rowsOf, usePages } from '../components/paging.tsx';
import { Empty, QueryState } from '../components/states.tsx';
import { client } from '../session.ts';
import { Badge, Button, Copyable } from '../ui/buttons.tsx';
import { Confirm, Dialog } from '../ui/dialog.tsx';
import { Form } from '../ui/form.tsx';
import { showToast } from '../ui/toasts.tsx';
import { Deliveries } from './webhooks/deliveries.tsx';
import { EndpointForm } from './webhooks/endpointForm.tsx';

type Opened =
  | { of: 'new' }
  | { of: 'secret'; endpoint: WebhookEndpointWithSecret }
  | { of: 'change' | 'deliveries' | 'rotate' | 'remove'; endpoint: WebhookEndpoint };

export default function Webhooks() {
  const endpoints = usePages(['webhooks'], (before) => client.webhookEndpoints.list({ query: { before } }));
  const [opened, open] = useState<Opened>();
  const add = (
    <Button kind="primary" icon="add" onClick={() => open({ of: 'new' })}>
      New webhook
    </Button>
  );
  return (
    <Page title="Webhooks" intro="URLs that are called when a run has ended. Requests are signed with a secret." actions={add}>
      <QueryState
        query={{ ...endpoints, data: rowsOf(endpoints.data) }}
        empty={<Empty title="No webhooks yet">With a webhook, your server does not have to poll.</Empty>}
      >
        {(rows) => (
          <ul className="cards">
            {rows.map((endpoint) => (
              <Endpoint key={endpoint.id} endpoint={endpoint} open={open} />
            ))}
          </ul>
        )}
      </QueryState>
      <More query={endpoints} />
      {opened && <Opened opened={opened} open={open} />}
    </Page>
  );
}

const Endpoint = ({ endpoint, open }: { endpoint: WebhookEndpoint; open: (opened: Opened) => void }) => (
  <li className="card">
    <div>
      <strong className="address">{endpoint.url}</strong> <State endpoint={endpoint} />
    </div>
    <p className="muted small">
      {endpoint.events.join(', ')} · secret <code>{endpoint.secret_prefix}…</code> · <When at={endpoint.created_at} />
    </p>
    <div className="actions">
      {actions.map(([of, text]) => (
        <Button key={of} onClick={() => open({ of, endpoint })} aria-label={`${text}: ${endpoint.url}`}>
          {text}
        </Button>
      ))}
    </div>
  </li>
);

const actions = [
  ['deliveries', 'Deliveries'],
  ['change', 'Change'],
  ['rotate', 'New secret'],
  ['remove', 'Remove'],
] as const;

const reasons = { manual: 'off', consecutive_failures: 'off: too many failures', gone: 'off: endpoint gone' } as const;

const State = ({ endpoint: { enabled, disabled_reason } }: { endpoint: WebhookEndpoint }) =>
  enabled ? <Badge tone="good">on</Badge> : <Badge tone="warning">{reasons[disabled_reason ?? 'manual']}</Badge>;

function Opened({ opened, open }: { opened: Opened; open: (opened: Opened | undefined) => void }) {
  const queries = useQueryClient();
  const close = () => open(undefined);
  const changed = () => queries.invalidateQueries({ queryKey: ['webhooks'] });
  const show = async (endpoint: WebhookEndpointWithSecret) => {
    await changed();
    open({ of: 'secret', endpoint });
  };
  switch (opened.of) {
    case 'new':
      return <EndpointForm onClose={close} onCreated={show} onChanged={changed} />;
    case 'change':
      return <EndpointForm endpoint={opened.endpoint} onClose={close} onCreated={show} onChanged={changed} />;
    case 'secret':
      return <Secret endpoint={opened.endpoint} onClose={close} />;
    case 'deliveries':
      return <Deliveries endpoint={opened.endpoint} onClose={close} />;
    case 'rotate':
      return <Rotation endpoint={opened.endpoint} onClose={close} onRotated={show} />;
    case 'remove':
      return (
        <Confirm
          title="Remove this webhook?"
          confirm="Remove"
          onClose={close}
          onConfirm={async () => {
            await client.webhookEndpoints.delete({ params: { endpoint_id: opened.endpoint.id } });
            await changed();
            showToast('Removed');
          }}
        >
          <p>
            <span className="address">{opened.endpoint.url}</span> will no longer be called, and its deliveries are deleted.
          </p>
        </Confirm>
      );
  }
}

type RotationProps = {
  endpoint: WebhookEndpoint;
  onClose: () => void;
  onRotated: (endpoint: WebhookEndpointWithSecret) => Promise<unknown>;
};

const Rotation = ({ endpoint, onClose, onRotated }: RotationProps) => (
  <Dialog title="Replace the secret?" onClose={onClose}>
    <Form
      submit="Replace the secret"
      onCancel={onClose}
      onSubmit={async () => onRotated(await client.webhookEndpoints.rotateSecret({ params: { endpoint_id: endpoint.id } }))}
    >
      {() => <p>For 24 hours, messages are signed with both secrets, so that you can update your server.</p>}
    </Form>
  </Dialog>
);

const Secret = ({ endpoint, onClose }: { endpoint: WebhookEndpointWithSecret; onClose: () => void }) => (
  <Dialog title="Signing secret" onClose={onClose}>
    <div className="form">
      <p>Your server verifies signatures with this secret. Copy it now. It cannot be shown again.</p>
      <Copyable text={endpoint.signing_secret} label="Copy the secret" />
      <div className="actions">
        <Button kind="primary" onClick={onClose}>
          Done
        </Button>
      </div>
    </div>
  </Dialog>
);
