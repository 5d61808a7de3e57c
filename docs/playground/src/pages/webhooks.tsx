import type { WebhookEndpoint, WebhookEndpointWithSecret } from '../../../../client/index.ts';
import { When } from '../components/format.tsx';
import { Page } from '../components/page.tsx';
import { usePages } from '../components/paging.tsx';
import { Empty } from '../components/states.tsx';
import type { Column } from '../components/table.tsx';
import { ConfirmDialog, FormDialog, useAction, useDialog } from '../resource/dialogs.tsx';
import { PagedRows } from '../resource/resourceList.tsx';
import { turnAction } from '../resource/rowMenu.tsx';
import { client } from '../session.ts';
import { Button, Copyable } from '../ui/buttons.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Deliveries } from './webhooks/deliveries.tsx';
import { EndpointForm } from './webhooks/endpointForm.tsx';
import { eventNames } from './webhooks/events.ts';
import { Replay } from './webhooks/replay.tsx';
import { EndpointState } from './webhooks/state.tsx';
import { TestEvent } from './webhooks/testEvent.tsx';

const webhooksKey = ['webhooks'];

/** The URLs that the account's events are sent to. */
export default function Webhooks() {
  const endpoints = usePages(webhooksKey, (page) => client.webhookEndpoints.list({ query: page }));
  const [dialog, open] = useDialog();
  const run = useAction();
  const show = (endpoint: WebhookEndpointWithSecret) => open((close) => <Secret endpoint={endpoint} onClose={close} />);
  const add = (
    <Button kind="primary" icon="add" onClick={() => open((close) => <EndpointForm onClose={close} onCreated={show} />)}>
      New webhook
    </Button>
  );
  const turn = ({ id, enabled }: WebhookEndpoint) =>
    run(
      () => client.webhookEndpoints.update({ params: { endpoint_id: id }, body: { enabled: !enabled } }),
      enabled ? 'Webhook is off' : 'Webhook is on',
      webhooksKey,
    );
  return (
    <Page
      title="Webhooks"
      intro="URLs that are called when something happens, such as the end of a run. Requests are signed with a secret."
      actions={add}
    >
      <PagedRows
        query={endpoints}
        caption="Webhooks"
        columns={columns}
        keyOf={({ id }) => id}
        nameOf={({ url }) => url}
        empty={
          <Empty title="No webhooks yet" action={add}>
            With a webhook, your server does not have to poll.
          </Empty>
        }
        actionsOf={(endpoint) => [
          { label: 'Deliveries', icon: 'list', run: () => open((close) => <Deliveries endpoint={endpoint} onClose={close} />) },
          ...(endpoint.enabled
            ? ([
                { label: 'Send test event', icon: 'send', run: () => open((close) => <TestEvent endpoint={endpoint} onClose={close} />) },
                { label: 'Replay', icon: 'retry', run: () => open((close) => <Replay endpoint={endpoint} onClose={close} />) },
              ] as const)
            : []),
          {
            label: 'Edit',
            icon: 'edit',
            run: () => open((close) => <EndpointForm endpoint={endpoint} onClose={close} onCreated={show} />),
          },
          turnAction(endpoint.enabled, () => turn(endpoint)),
          { label: 'New secret', icon: 'key', run: () => open((close) => <Rotation endpoint={endpoint} show={show} onClose={close} />) },
          {
            label: 'Delete',
            icon: 'remove',
            isDangerous: true,
            run: () => open((close) => <Deletion endpoint={endpoint} onClose={close} />),
          },
        ]}
      />
      {dialog}
    </Page>
  );
}

const columns: Column<WebhookEndpoint>[] = [
  {
    title: 'URL',
    cell: ({ url, events, filter: { project_ids: projects, persona_ids: personas } }) => (
      <>
        <span className="address">{url}</span>
        <div className="muted small">{eventNames(events)}</div>
        {projects.length + personas.length > 0 && <div className="muted small">Only of some projects or personas</div>}
      </>
    ),
  },
  { title: 'State', cell: (endpoint) => <EndpointState endpoint={endpoint} /> },
  {
    title: 'Secret',
    cell: ({ secret_prefix, previous_secret_expires_at: previous }) => (
      <>
        <code>{secret_prefix}…</code>
        {previous && Date.parse(previous) > Date.now() && (
          <div className="muted small">
            the previous one ends <When at={previous} />
          </div>
        )}
      </>
    ),
  },
  { title: 'Created', cell: ({ created_at }) => <When at={created_at} /> },
];

const Deletion = ({ endpoint: { id, url }, onClose }: { endpoint: WebhookEndpoint; onClose: () => void }) => (
  <ConfirmDialog
    title="Delete this webhook?"
    confirm="Delete"
    done="Webhook deleted"
    changes={[webhooksKey]}
    onClose={onClose}
    action={() => client.webhookEndpoints.delete({ params: { endpoint_id: id } })}
  >
    <span className="address">{url}</span> will no longer be called, and its deliveries are deleted.
  </ConfirmDialog>
);

type RotationProps = { endpoint: WebhookEndpoint; show: (endpoint: WebhookEndpointWithSecret) => void; onClose: () => void };

const Rotation = ({ endpoint, show, onClose }: RotationProps) => (
  <FormDialog
    title="Replace the secret?"
    submit="Replace the secret"
    changes={[webhooksKey]}
    onClose={onClose}
    onSubmit={async () => show(await client.webhookEndpoints.rotateSecret({ params: { endpoint_id: endpoint.id } }))}
  >
    <p>For 24 hours, messages are signed with both secrets, so that you can update your server.</p>
  </FormDialog>
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
