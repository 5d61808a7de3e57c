import type { IpRule } from '../../../../../../client/index.ts';
import { When } from '../../../components/format.tsx';
import { Empty } from '../../../components/states.tsx';
import type { Column } from '../../../components/table.tsx';
import { ConfirmDialog, useDialog } from '../../../resource/dialogs.tsx';
import { List, useList } from '../../../resource/list.tsx';
import { client } from '../../../session.ts';
import { Badge } from '../../../ui/buttons.tsx';

/** The rules of an account. Deleting one helps members who have locked themselves out; only they can add rules. */
export function IpRules({ accountId }: { accountId: string }) {
  const [dialog, open] = useDialog();
  const rules = useList(['platform-ip-rules', accountId], (page) => client.ipRules.list({ query: { account_id: accountId, ...page } }));
  return (
    <>
      <List
        caption="IP rules"
        query={rules}
        columns={columns}
        keyOf={({ id }) => id}
        nameOf={({ cidr }) => cidr}
        textOf={({ cidr, note }) => `${cidr} ${note ?? ''}`}
        actionsOf={(rule) => [
          { label: 'Delete', icon: 'remove', isDangerous: true, run: () => open((close) => <Delete rule={rule} onClose={close} />) },
        ]}
        empty={<Empty title="No IP rules">The account can be used from every address.</Empty>}
      />
      {dialog}
    </>
  );
}

const Delete = ({ rule, onClose }: { rule: IpRule; onClose: () => void }) => (
  <ConfirmDialog
    title={`Delete the rule for ${rule.cidr}?`}
    confirm="Delete"
    changes={[['platform-ip-rules', rule.account_id]]}
    done="Rule deleted"
    onClose={onClose}
    action={() => client.ipRules.delete({ params: { rule_id: rule.id }, query: { account_id: rule.account_id } })}
  >
    {rule.type === 'allowlist'
      ? 'Without any allowed network, all addresses are admitted that are not blocked.'
      : 'Requests from this network are admitted again.'}
  </ConfirmDialog>
);

const columns: Column<IpRule>[] = [
  { title: 'Network', cell: ({ cidr }) => <code>{cidr}</code> },
  { title: 'Rule', cell: ({ type }) => (type === 'allowlist' ? <Badge tone="good">Allow</Badge> : <Badge tone="danger">Block</Badge>) },
  { title: 'Note', cell: ({ note }) => note ?? '–' },
  { title: 'Created', cell: ({ created_at }) => <When at={created_at} /> },
];
