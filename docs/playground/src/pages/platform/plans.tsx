import type { ReactNode } from 'react';
import type { Plan } from '../../../../../client/index.ts';
import { When } from '../../components/format.tsx';
import { Page } from '../../components/page.tsx';
import { Empty } from '../../components/states.tsx';
import type { Column } from '../../components/table.tsx';
import { ConfirmDialog, type OpenDialog, useDialog } from '../../resource/dialogs.tsx';
import { ChoiceFilter, type Filters, useFilters } from '../../resource/filters.tsx';
import { List, useList } from '../../resource/list.tsx';
import { client } from '../../session.ts';
import { Button } from '../../ui/buttons.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { Subscriptions } from './accounts/subscription.tsx';
import { PlanForm } from './plans/planForm.tsx';
import { valueText } from './settingValues/schema.tsx';

const views = ['plans', 'subscriptions'] as const;

export default function Plans() {
  const [dialog, open] = useDialog();
  const filters = useFilters('status');
  const add = (
    <Button kind="primary" icon="add" onClick={() => open((close) => <PlanForm onClose={close} />)}>
      New plan
    </Button>
  );
  return (
    <Page
      title="Plans"
      intro="A plan is a named set of limits and features. Accounts get them when they are subscribed to it."
      actions={add}
    >
      <Tabs
        label="Plans"
        value={filters.oneOf('view', views) ?? 'plans'}
        onChange={(next) => filters.set('view', next === 'plans' ? '' : next)}
        tabs={[
          { value: 'plans', label: 'Plans', content: <PlanList open={open} add={add} /> },
          { value: 'subscriptions', label: 'Subscriptions', content: <AllSubscriptions filters={filters} /> },
        ]}
      />
      {dialog}
    </Page>
  );
}

const AllSubscriptions = ({ filters }: { filters: Filters }) => (
  <Subscriptions status={filters.oneOf('status', ['active', 'cancelled'])} filters={filters}>
    <ChoiceFilter
      filters={filters}
      label="Status"
      name="status"
      options={[
        ['active', 'Active'],
        ['cancelled', 'Canceled'],
      ]}
    />
  </Subscriptions>
);

function PlanList({ open, add }: { open: OpenDialog; add: ReactNode }) {
  const plans = useList(['plans'], (page) => client.plans.list({ query: page }));
  return (
    <List
      caption="Plans"
      query={plans}
      columns={columns}
      keyOf={({ id }) => id}
      nameOf={({ display_name }) => display_name}
      actionsOf={(plan) => [
        { label: 'Change', icon: 'edit', run: () => open((close) => <PlanForm plan={plan} onClose={close} />) },
        { label: 'Delete', icon: 'remove', isDangerous: true, run: () => open((close) => <Delete plan={plan} onClose={close} />) },
      ]}
      empty={
        <Empty title="No plans yet" action={add}>
          Without a plan, every account has the limits of the platform settings.
        </Empty>
      }
    />
  );
}

const Delete = ({ plan, onClose }: { plan: Plan; onClose: () => void }) => (
  <ConfirmDialog
    title={`Delete ${plan.display_name}?`}
    confirm="Delete"
    changes={[['plans']]}
    done="Plan deleted"
    onClose={onClose}
    action={() => client.plans.delete({ params: { plan_id: plan.id } })}
  >
    Only a plan that never had a subscription can be deleted.
  </ConfirmDialog>
);

const columns: Column<Plan>[] = [
  {
    title: 'Plan',
    cell: ({ display_name, name }) => (
      <>
        {display_name}
        <div className="muted small">{name}</div>
      </>
    ),
  },
  {
    title: 'Entitlements',
    cell: ({ entitlements }) =>
      entitlements.length === 0 ? (
        'none'
      ) : (
        <ul className="plain-list">
          {entitlements.map(({ id, key, value, value_type }) => (
            <li key={id}>
              <code>{key}</code> {valueText(value_type, value)}
            </li>
          ))}
        </ul>
      ),
  },
  { title: 'Created', cell: ({ created_at }) => <When at={created_at} /> },
];
