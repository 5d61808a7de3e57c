import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { ApiError, type CreditTransaction, type Entitlement, type Redemption } from '../../../../../client/index.ts';
import { asWords, count, When } from '../../components/format.tsx';
import { Page, Section } from '../../components/page.tsx';
import { More, usePages } from '../../components/paging.tsx';
import { Empty, QueryState } from '../../components/states.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { useMay, useMe } from '../../me.ts';
import { ConfirmDialog, useChanged, useDialog } from '../../resource/dialogs.tsx';
import { client } from '../../session.ts';
import { Button, Copyable } from '../../ui/buttons.tsx';
import { TextField } from '../../ui/fields.tsx';
import { FieldError, Form, textOf } from '../../ui/form.tsx';
import { showToast } from '../../ui/toasts.tsx';

const inviteCodeKey = ['invite-code'];

/** What the account has: its credits, its plan, and how to get more. */
export default function PlanAndCredits() {
  const mayRead = useMay('data.subscriptions.read');
  return (
    <Page title="Plan and credits" intro="What this workspace can use, and what is left of it.">
      <Balance />
      {mayRead && <Plan />}
      <Redeem />
      <InviteCode />
      <Transactions />
    </Page>
  );
}

const useCredits = () => usePages(['credits'], (page) => client.credits.mine({ query: page }));

function Balance() {
  const credits = useCredits();
  return (
    <Section title="Credits">
      <QueryState query={{ ...credits, data: credits.data?.pages[0] }}>
        {({ available, reserved }) => (
          <p className="figure">
            <strong>{count(available)}</strong> credits left{reserved > 0 && `, ${count(reserved)} reserved by active runs`} ·{' '}
            <Link href="/settings/usage">What they were used for</Link>
          </p>
        )}
      </QueryState>
    </Section>
  );
}

function Transactions() {
  const credits = useCredits();
  return (
    <Section title="Credit transactions">
      <QueryState
        query={{ ...credits, data: credits.data?.pages.flatMap(({ transactions }) => transactions) }}
        empty={<Empty title="No transactions yet">Added and used credits appear here.</Empty>}
      >
        {(rows) => <Table caption="Credit transactions" columns={ledger} rows={rows} keyOf={({ id }) => id} />}
      </QueryState>
      <More query={credits} />
    </Section>
  );
}

const ledger: Column<CreditTransaction>[] = [
  { title: 'When', cell: ({ created_at }) => <When at={created_at} /> },
  { title: 'Description', cell: ({ reference_type, thread_title, note }) => thread_title ?? asWords(note ?? reference_type) },
  { title: 'Credits', isNumber: true, cell: ({ amount }) => (amount > 0 ? `+${count(amount)}` : count(amount)) },
];

/** The plan of the active subscription, of which an account has at most one. */
async function loadPlan(accountId: string) {
  const [subscription] = await client.subscriptions.list({ query: { account_id: accountId, status: 'active', limit: 1 } });
  return subscription ? [{ subscription, plan: await client.plans.get({ params: { plan_id: subscription.plan_id } }) }] : [];
}

function Plan() {
  const accountId = useMe().data?.account_id;
  const plan = useQuery({ queryKey: ['plan', accountId], queryFn: () => loadPlan(accountId!), enabled: accountId !== undefined });
  return (
    <Section title="Plan">
      <QueryState
        query={plan}
        empty={
          <p className="muted">
            This workspace has no plan: the limits of the platform apply. An administrator of the platform can give it one.
          </p>
        }
      >
        {([active]) =>
          active && (
            <>
              <p>
                <strong>{active.plan.display_name}</strong>{' '}
                <span className="muted">
                  · period ends <When at={active.subscription.current_period_end} />
                </span>
              </p>
              {active.plan.entitlements.length > 0 && (
                <Table caption="What the plan includes" columns={included} rows={active.plan.entitlements} keyOf={({ id }) => id} />
              )}
            </>
          )
        }
      </QueryState>
    </Section>
  );
}

const included: Column<Entitlement>[] = [
  { title: 'Included', cell: ({ key }) => nameOf(key) },
  { title: 'Value', isNumber: true, cell: ({ value, value_type }) => valueOf(value, value_type) },
];

/** `limit.team_members` → `Team members`. */
const nameOf = (key: string) => {
  const words = key.replace(/^[a-z]+\./, '').replaceAll(/[._]/g, ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
};

const valueOf = (value: string, type: Entitlement['value_type']) =>
  type === 'integer' ? count(Number(value)) : type === 'boolean' ? (value === 'true' ? 'Yes' : 'No') : value;

function Redeem() {
  const changed = useChanged();
  return (
    <Section title="Redeem a code">
      <div className="card">
        <Form
          submit="Redeem"
          fieldOf={codeErrors}
          onSubmit={async (values) => {
            const redeemed = await client.me.redeem({ body: { code: textOf(values, 'code') } }).catch(unknownCode);
            await changed(['credits'], ['feature-flags']);
            showToast(gainOf(redeemed));
          }}
        >
          <TextField label="Code" name="code" autoComplete="off" hint="Adds credits or a feature to this workspace." required />
        </Form>
      </div>
    </Section>
  );
}

/** Errors that are about the code. */
const codeErrors = Object.fromEntries(
  ['code_inactive', 'code_expired', 'code_exhausted', 'already_redeemed'].map((reason) => [reason, 'code']),
);

function unknownCode(error: unknown): never {
  throw error instanceof ApiError && error.status === 404 ? new FieldError('code', 'There is no such code. Check the spelling.') : error;
}

const gainOf = ({ type, value }: Redemption) => (type === 'credits' ? `${count(Number(value))} credits added` : `${value} is now on`);

function InviteCode() {
  const code = useQuery({ queryKey: inviteCodeKey, queryFn: () => client.me.inviteCode() });
  const [dialog, open] = useDialog();
  return (
    <Section title="Invite friends">
      <QueryState query={code}>
        {({ code: text, use_count, max_uses }) => (
          <>
            <p className="muted">
              People who register with your code get credits, and so do you. Used {use_count === 1 ? 'once' : `${count(use_count)} times`}
              {max_uses > 0 && ` of ${count(max_uses)}`}.
            </p>
            <div className="card in-line">
              <Copyable text={text} label="Copy the code" />
              <Button kind="ghost" onClick={() => open((close) => <Reset onClose={close} />)}>
                Replace
              </Button>
            </div>
          </>
        )}
      </QueryState>
      {dialog}
    </Section>
  );
}

const Reset = ({ onClose }: { onClose: () => void }) => (
  <ConfirmDialog
    title="Replace your invite code?"
    confirm="Replace"
    done="You have a new code"
    changes={[inviteCodeKey]}
    onClose={onClose}
    action={() => client.me.resetInviteCode()}
  >
    Nobody can register with the present one any more. You can replace a code once a day.
  </ConfirmDialog>
);
