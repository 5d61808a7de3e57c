import { Link } from 'wouter';
import type { OwnedInviteCode } from '../../../../../../client/index.ts';
import { count, When } from '../../../components/format.tsx';
import { Empty } from '../../../components/states.tsx';
import type { Column } from '../../../components/table.tsx';
import { FormDialog, useDialog } from '../../../resource/dialogs.tsx';
import { SearchFilter, useFilters } from '../../../resource/filters.tsx';
import { List, useList } from '../../../resource/list.tsx';
import { NumberField, numberOf } from '../../../resource/values.tsx';
import { client } from '../../../session.ts';
import { OnOff } from '../../../ui/buttons.tsx';
import { Checkbox } from '../../../ui/fields.tsx';

export function InviteCodes() {
  const [dialog, open] = useDialog();
  const filters = useFilters('q');
  const q = filters.text('q');
  const codes = useList(['invite-codes', q], (page) => client.inviteCodes.list({ query: { q, ...page } }));
  return (
    <>
      <List
        caption="Invite codes"
        query={codes}
        columns={columns}
        keyOf={({ id }) => id}
        nameOf={({ code }) => code}
        actionsOf={(code) => [{ label: 'Change', icon: 'edit', run: () => open((close) => <Change code={code} onClose={close} />) }]}
        filters={filters}
        empty={<Empty title="No invite codes yet">A user gets a code when they first open the page “Plan and credits”.</Empty>}
      >
        <SearchFilter filters={filters} placeholder="Code, login or email of the owner" />
      </List>
      {dialog}
    </>
  );
}

const Change = ({ code, onClose }: { code: OwnedInviteCode; onClose: () => void }) => (
  <FormDialog
    title={`Change ${code.code}`}
    submit="Save"
    changes={[['invite-codes']]}
    done="Code changed"
    onClose={onClose}
    onSubmit={(values) =>
      client.inviteCodes.update({
        params: { code_id: code.id },
        body: { max_uses: numberOf(values, 'max_uses'), is_active: values.has('is_active') },
      })
    }
  >
    <NumberField
      label="Maximum uses"
      name="max_uses"
      step={1}
      defaultValue={code.max_uses}
      hint={`0 means unlimited. Used ${count(code.use_count)} times so far.`}
      required
    />
    <Checkbox name="is_active" label="The code can be used" defaultChecked={code.is_active} />
  </FormDialog>
);

const columns: Column<OwnedInviteCode>[] = [
  { title: 'Code', cell: ({ code }) => <code>{code}</code> },
  {
    title: 'Owner',
    cell: ({ user_id, user_login, user_email }) =>
      user_login === null ? (
        'deleted user'
      ) : (
        <>
          <Link href={`/settings/users/${user_id}`}>{user_login}</Link>
          {user_email !== null && <div className="muted small">{user_email}</div>}
        </>
      ),
  },
  { title: 'Used', isNumber: true, cell: ({ use_count, max_uses }) => `${count(use_count)} of ${max_uses === 0 ? '∞' : count(max_uses)}` },
  { title: 'Status', cell: ({ is_active }) => <OnOff isOn={is_active} /> },
  { title: 'Created', cell: ({ created_at }) => <When at={created_at} /> },
];
