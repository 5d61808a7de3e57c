import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { RedemptionCode } from '../../../../../../client/index.ts';
import { count, When } from '../../../components/format.tsx';
import { Empty } from '../../../components/states.tsx';
import type { Column } from '../../../components/table.tsx';
import { ConfirmDialog, FormDialog, useDialog } from '../../../resource/dialogs.tsx';
import { ChoiceFilter, SearchFilter, useFilters } from '../../../resource/filters.tsx';
import { List, useList } from '../../../resource/list.tsx';
import { instantOf, NumberField, numberOf, TimeField } from '../../../resource/values.tsx';
import { client } from '../../../session.ts';
import { Badge, Button, Copyable, CopyButton } from '../../../ui/buttons.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { Segments, TextField } from '../../../ui/fields.tsx';
import { textOf } from '../../../ui/form.tsx';
import { Select } from '../../../ui/select.tsx';

const changes = [['redemption-codes']];

export function RedemptionCodes({ add }: { add: ReactNode }) {
  const [dialog, open] = useDialog();
  const filters = useFilters('q', 'type');
  const query = { q: filters.text('q'), type: filters.oneOf('type', ['credits', 'feature']) };
  const codes = useList(['redemption-codes', query], (page) => client.redemptionCodes.list({ query: { ...query, ...page } }));
  return (
    <>
      <List
        caption="Redemption codes"
        query={codes}
        columns={columns}
        keyOf={({ id }) => id}
        nameOf={({ code }) => code}
        actionsOf={(code) => [
          code.is_active && {
            label: 'Revoke',
            icon: 'remove',
            isDangerous: true,
            run: () => open((close) => <Revocation code={code} onClose={close} />),
          },
        ]}
        filters={filters}
        empty={
          <Empty title="No redemption codes yet" action={add}>
            A code gives credits, or access to a feature, to the account in which it is redeemed.
          </Empty>
        }
      >
        <SearchFilter filters={filters} placeholder="Code or batch" />
        <ChoiceFilter
          filters={filters}
          label="Gives"
          name="type"
          options={[
            ['credits', 'Credits'],
            ['feature', 'Features'],
          ]}
        />
      </List>
      {dialog}
    </>
  );
}

/** Creates codes, and then shows them for copying. */
export function NewCodes({ onClose }: { onClose: () => void }) {
  const [type, choose] = useState<RedemptionCode['type']>('credits');
  const [created, show] = useState<readonly RedemptionCode[]>();
  const flags = useQuery({ queryKey: ['feature-flags'], queryFn: () => client.featureFlags.list(), enabled: type === 'feature' });
  if (created) return <Created codes={created} onClose={onClose} />;
  return (
    <FormDialog
      title="New redemption codes"
      submit="Create"
      changes={changes}
      onClose={onClose}
      onSubmit={async (values) =>
        show(
          await client.redemptionCodes.createBatch({
            body: {
              type,
              value: textOf(values, 'value'),
              count: numberOf(values, 'count'),
              max_uses: numberOf(values, 'max_uses'),
              expires_at: instantOf(values, 'expires_at') ?? null,
              batch_id: textOf(values, 'batch_id') || null,
            },
          }),
        )
      }
    >
      <Segments
        label="The code gives"
        value={type}
        onChange={choose}
        options={[
          ['credits', 'Credits'],
          ['feature', 'A feature'],
        ]}
      />
      {type === 'credits' ? (
        <NumberField key="credits" label="Credits" name="value" step={1} required />
      ) : (
        <Select
          key="feature"
          label="Feature"
          name="value"
          options={(flags.data ?? []).filter((flag) => flag.supports_account_overrides).map(({ key }) => ({ value: key, label: key }))}
          hint="Feature flags that can be overridden for an account."
        />
      )}
      <div className="in-a-row">
        <NumberField label="Number of codes" name="count" step={1} defaultValue={1} required />
        <NumberField label="Uses of each code" name="max_uses" step={1} defaultValue={1} required />
      </div>
      <TimeField label="Expires (optional)" name="expires_at" />
      <TextField label="Batch (optional)" name="batch_id" placeholder="spring-campaign" hint="A label for finding these codes." />
    </FormDialog>
  );
}

const Created = ({ codes, onClose }: { codes: readonly RedemptionCode[]; onClose: () => void }) => (
  <Dialog title={codes.length === 1 ? 'The code is ready' : `${count(codes.length)} codes are ready`} onClose={onClose}>
    <div className="form">
      <p className="muted">Hand them out. Users redeem them on the page “Plan and credits”.</p>
      <Copyable text={codes.map(({ code }) => code).join('\n')} label="Copy the codes" />
      <div className="actions">
        <Button kind="primary" onClick={onClose}>
          Done
        </Button>
      </div>
    </div>
  </Dialog>
);

const Revocation = ({ code, onClose }: { code: RedemptionCode; onClose: () => void }) => (
  <ConfirmDialog
    title={`Revoke ${code.code}?`}
    confirm="Revoke"
    changes={changes}
    done="Code revoked"
    onClose={onClose}
    action={() => client.redemptionCodes.update({ params: { code_id: code.id }, body: { is_active: false } })}
  >
    Nobody can redeem it any more. What it has given is kept. This cannot be undone.
  </ConfirmDialog>
);

const columns: Column<RedemptionCode>[] = [
  {
    title: 'Code',
    cell: ({ code, batch_id }) => (
      <>
        <span className="with-copy">
          <code>{code}</code>
          <CopyButton text={code} label={`Copy ${code}`} />
        </span>
        {batch_id !== null && <div className="muted small">{batch_id}</div>}
      </>
    ),
  },
  { title: 'Gives', cell: ({ type, value }) => (type === 'credits' ? `${count(Number(value))} credits` : <code>{value}</code>) },
  { title: 'Used', isNumber: true, cell: ({ use_count, max_uses }) => `${count(use_count)} of ${count(max_uses)}` },
  { title: 'Status', cell: statusOf },
  { title: 'Created', cell: ({ created_at }) => <When at={created_at} /> },
];

function statusOf({ is_active, expires_at, use_count, max_uses }: RedemptionCode) {
  if (!is_active) return <Badge>Revoked</Badge>;
  if (expires_at !== null && Date.parse(expires_at) <= Date.now()) return <Badge tone="warning">Expired</Badge>;
  return use_count >= max_uses ? <Badge>Used up</Badge> : <Badge tone="good">Active</Badge>;
}
