import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { Subscription } from '../../../../../../client/index.ts';
import { When } from '../../../components/format.tsx';
import { listChoices } from '../../../components/paging.tsx';
import { Empty, QueryState } from '../../../components/states.tsx';
import type { Column } from '../../../components/table.tsx';
import { ConfirmDialog, FormDialog, useDialog } from '../../../resource/dialogs.tsx';
import type { Filters } from '../../../resource/filters.tsx';
import { List, useList } from '../../../resource/list.tsx';
import { instantOf, TimeField } from '../../../resource/values.tsx';
import { client } from '../../../session.ts';
import { Badge } from '../../../ui/buttons.tsx';
import { Choice } from '../../../ui/choice.tsx';
import { textOf } from '../../../ui/form.tsx';
import { AccountName } from '../names.tsx';

const usePlans = () => useQuery({ queryKey: ['plans', 'all'], queryFn: () => listChoices((query) => client.plans.list({ query })) });

const changes = [['subscriptions'], ['accounts']];
const month = 30 * 86_400_000;

/** Subscribes an account to a plan. */
export function Subscribe({ account, onClose }: { account: { id: string; name: string }; onClose: () => void }) {
  const plans = usePlans();
  const [now] = useState(Date.now);
  return (
    <FormDialog
      title={`Subscribe ${account.name}`}
      submit="Subscribe"
      changes={changes}
      done="Subscribed"
      onClose={onClose}
      onSubmit={(values) =>
        client.subscriptions.create({
          body: {
            account_id: account.id,
            plan_id: textOf(values, 'plan_id'),
            current_period_start: instantOf(values, 'current_period_start') ?? '',
            current_period_end: instantOf(values, 'current_period_end') ?? '',
          },
        })
      }
    >
      <QueryState query={plans} empty={<Empty title="No plans yet">Create a plan first, on the page “Plans”.</Empty>}>
        {(all) => (
          <>
            <Choice
              label="Plan"
              name="plan_id"
              required
              options={all.map(({ id, display_name }) => ({ value: id, label: display_name }))}
              hint="The entitlements of the plan apply immediately."
            />
            <Period start={new Date(now).toISOString()} end={new Date(now + month).toISOString()} />
          </>
        )}
      </QueryState>
    </FormDialog>
  );
}

const Period = ({ start, end }: { start: string; end: string }) => (
  <div className="in-a-row">
    <TimeField label="Period starts" name="current_period_start" initial={start} required />
    <TimeField label="Period ends" name="current_period_end" initial={end} required />
  </div>
);

const Renew = ({ subscription, onClose }: { subscription: Subscription; onClose: () => void }) => (
  <FormDialog
    title="Change the period"
    submit="Save"
    changes={changes}
    done="Period changed"
    onClose={onClose}
    onSubmit={(values) =>
      client.subscriptions.update({
        params: { subscription_id: subscription.id },
        body: {
          current_period_start: instantOf(values, 'current_period_start'),
          current_period_end: instantOf(values, 'current_period_end'),
        },
      })
    }
  >
    <p className="muted">Monthly credits are granted within the period. The subscription stays active after it until it is canceled.</p>
    <Period start={subscription.current_period_start} end={subscription.current_period_end} />
  </FormDialog>
);

const Cancel = ({ subscription, plan, onClose }: { subscription: Subscription; plan: string; onClose: () => void }) => (
  <ConfirmDialog
    title={`Cancel the subscription to ${plan}?`}
    confirm="Cancel the subscription"
    changes={changes}
    done="Subscription canceled"
    onClose={onClose}
    action={() => client.subscriptions.cancel({ params: { subscription_id: subscription.id } })}
  >
    The entitlements of the plan end immediately. Granted credits are kept, and the account can be subscribed again.
  </ConfirmDialog>
);

type SubscriptionsProps = {
  accountId?: string;
  status?: 'active' | 'cancelled' | undefined;
  filters?: Filters;
  children?: ReactNode;
};

/** The subscriptions of an account, or of all accounts. */
export function Subscriptions({ accountId, status, filters, children }: SubscriptionsProps) {
  const [dialog, open] = useDialog();
  const plans = usePlans().data;
  const planName = ({ plan_id }: Subscription) => plans?.find(({ id }) => id === plan_id)?.display_name ?? plan_id;
  const subscriptions = useList(['subscriptions', accountId, status], (page) =>
    client.subscriptions.list({ query: { account_id: accountId, status: status ?? 'all', ...page } }),
  );
  const columns: Column<Subscription>[] = [
    ...(accountId === undefined ? [ofAccount] : []),
    { title: 'Plan', cell: planName },
    {
      title: 'Status',
      cell: ({ status }) => <Badge tone={status === 'active' ? 'good' : ''}>{status === 'cancelled' ? 'canceled' : status}</Badge>,
    },
    { title: 'Period ends', cell: ({ current_period_end }) => <When at={current_period_end} /> },
    { title: 'Since', cell: ({ created_at }) => <When at={created_at} /> },
  ];
  return (
    <>
      <List
        caption="Subscriptions"
        query={subscriptions}
        columns={columns}
        keyOf={({ id }) => id}
        nameOf={(subscription) => `the subscription to ${planName(subscription)}`}
        actionsOf={(subscription) =>
          subscription.status === 'active'
            ? [
                {
                  label: 'Change the period',
                  icon: 'edit',
                  run: () => open((close) => <Renew subscription={subscription} onClose={close} />),
                },
                {
                  label: 'Cancel',
                  icon: 'close',
                  isDangerous: true,
                  run: () => open((close) => <Cancel subscription={subscription} plan={planName(subscription)} onClose={close} />),
                },
              ]
            : []
        }
        empty={<Empty title="No subscriptions">An account without a subscription has the limits of the platform settings.</Empty>}
        {...(filters && { filters })}
      >
        {children}
      </List>
      {dialog}
    </>
  );
}

const ofAccount: Column<Subscription> = { title: 'Account', cell: ({ account_id }) => <AccountName id={account_id} /> };
