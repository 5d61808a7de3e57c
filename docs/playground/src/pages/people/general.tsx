import type { Account } from '../../../../../client/index.ts';
import { forgetAccount } from '../../account.ts';
import { asWords, When } from '../../components/format.tsx';
import { TimeZoneField } from '../../components/forms/timeZone.tsx';
import { Page, Section } from '../../components/page.tsx';
import { QueryState } from '../../components/states.tsx';
import { useMay } from '../../me.ts';
import { ConfirmDialog, useChanged, useDialog } from '../../resource/dialogs.tsx';
import { client } from '../../session.ts';
import { Badge, Button, CopyableId } from '../../ui/buttons.tsx';
import { TextField } from '../../ui/fields.tsx';
import { Form, textOf } from '../../ui/form.tsx';
import { showToast } from '../../ui/toasts.tsx';
import { accountKey, useAccount } from './account.ts';
import { EraseWorkspace, Erasures } from './erasure.tsx';
import { RequiredSecondFactor } from './requiredSecondFactor.tsx';
import { accountsKey } from './workspaces.tsx';

/** Name, time zone and credit alert of the active account, and its end. */
export default function General() {
  return (
    <Page title="General" intro="Name, time zone and credit alert of this workspace.">
      <QueryState query={useAccount()}>{(account) => <Parts account={account} />}</QueryState>
    </Page>
  );
}

function Parts({ account }: { account: Account }) {
  const [mayChange, mayClose] = [useMay('account.members.invite'), useMay('account.members.revoke')];
  const [dialog, open] = useDialog();
  return (
    <>
      <dl className="facts">
        <dt>Kind</dt>
        <dd>{account.type === 'personal' ? 'Personal workspace' : 'Shared workspace'}</dd>
        <dt>Short name</dt>
        <dd>
          <code>{account.slug}</code>
        </dd>
        <dt>ID</dt>
        <dd>
          <CopyableId id={account.id} />
        </dd>
        <dt>Your role</dt>
        <dd>
          <Badge>{account.role === null ? 'None' : asWords(account.role)}</Badge>
        </dd>
        <dt>Created</dt>
        <dd>
          <When at={account.created_at} />
        </dd>
      </dl>
      {mayChange && <Naming account={account} />}
      {mayChange && account.type === 'workspace' && <RequiredSecondFactor account={account} />}
      {mayClose && account.type === 'workspace' && (
        <Section title="Close the workspace">
          <p className="muted">
            Memberships, API keys and invitations end at once, and active runs are canceled. Nobody can open its chats any more.
          </p>
          <div>
            <Button kind="danger" onClick={() => open((close) => <Closing account={account} onClose={close} />)}>
              Close the workspace
            </Button>
          </div>
        </Section>
      )}
      {mayClose && account.type === 'workspace' && <EraseWorkspace account={account} />}
      <Erasures />
      {dialog}
    </>
  );
}

function Naming({ account }: { account: Account }) {
  const changed = useChanged();
  return (
    <div className="card">
      <Form
        submit="Save"
        onSubmit={async (values) => {
          const threshold = textOf(values, 'threshold');
          const body = {
            name: textOf(values, 'name'),
            timezone: textOf(values, 'timezone') || null,
            low_credit_threshold: threshold === '' ? null : Number(threshold),
          };
          await client.accounts.update({ params: { account_id: account.id }, body });
          await changed(accountKey, accountsKey, ['me']);
          showToast('Saved');
        }}
      >
        <TextField label="Name" name="name" defaultValue={account.name} required />
        <TextField
          label="Tell admins when credits fall below"
          name="threshold"
          type="number"
          min={0}
          max={10 ** 12}
          defaultValue={account.low_credit_threshold ?? ''}
          hint="By notification, email and webhook. Empty: the default of the platform; 0: never."
        />
        <TimeZoneField initial={account.timezone} hint="For members who have not set their own." />
      </Form>
    </div>
  );
}

const Closing = ({ account: { id, name, slug }, onClose }: { account: Account; onClose: () => void }) => (
  <ConfirmDialog
    title={`Close ${name}?`}
    confirm="Close the workspace"
    done="Closed"
    typed={slug}
    changes={[]}
    onClose={onClose}
    action={async () => {
      await client.accounts.delete({ params: { account_id: id }, body: { slug } });
      forgetAccount();
      location.assign('/');
    }}
  >
    The credit ledger, usage and audit log are kept. This cannot be undone.
  </ConfirmDialog>
);
