import { useQuery } from '@tanstack/react-query';
import { Link, useLocation } from 'wouter';
import type { ChildRun, RunDetails } from '../../../../../client/index.ts';
import { count, counted, duration, When } from '../../components/format.tsx';
import { costOf } from '../../components/money.ts';
import { Page, Section } from '../../components/page.tsx';
import { QueryState } from '../../components/states.tsx';
import type { Column } from '../../components/table.tsx';
import { BackLink, Facts } from '../../resource/detail.tsx';
import { Rows } from '../../resource/resourceList.tsx';
import { client } from '../../session.ts';
import { Badge, CopyableId } from '../../ui/buttons.tsx';
import { TextField } from '../../ui/fields.tsx';
import { FieldError, Form, textOf } from '../../ui/form.tsx';
import { AccountName, ShortId, UserName } from './names.tsx';

export default function Runs({ id }: { id?: string | undefined }) {
  return id === undefined ? <Lookup /> : <Run runId={id} />;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function Lookup() {
  const [, navigate] = useLocation();
  return (
    <Page
      title="Run lookup"
      intro="For support: the prompt, the model and the cost of a run of any account. The audit log records when you open one."
    >
      <div className="card">
        <Form
          submit="Look up"
          onSubmit={async (values) => {
            const runId = textOf(values, 'run_id');
            if (!uuid.test(runId)) throw new FieldError('run_id', 'Enter the complete ID of a run.');
            navigate(`/settings/runs/${runId}`);
          }}
        >
          <TextField
            label="Run ID"
            name="run_id"
            placeholder="01a21f8c-fba8-7206-95a0-b9918f38193d"
            hint="You find it in the ledger of the account, in events and webhooks, and in the log of the server."
            required
          />
        </Form>
      </div>
    </Page>
  );
}

function Run({ runId }: { runId: string }) {
  const run = useQuery({
    queryKey: ['platform-runs', runId],
    queryFn: () => client.runDetails.get({ params: { run_id: runId } }),
    // Each request is recorded.
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <Page title="Run" back={<BackLink href="/settings/runs">Run lookup</BackLink>}>
      <QueryState query={run}>
        {(data) => (
          <>
            <Summary run={data} />
            {data.user_prompt !== null && (
              <Section title="Prompt">
                <p className="card prompt">{data.user_prompt}</p>
              </Section>
            )}
            {data.children.length > 0 && (
              <Section title="Child runs">
                <Rows
                  caption="Child runs"
                  query={{ ...run, data: data.children }}
                  columns={columns}
                  keyOf={({ run_id }) => run_id}
                  empty={null}
                />
              </Section>
            )}
          </>
        )}
      </QueryState>
    </Page>
  );
}

const toneOf = (status: RunDetails['status']) => (status === 'completed' ? 'good' : status === 'failed' ? 'danger' : '');

function Summary({ run }: { run: RunDetails }) {
  const total = run.total_aggregate ?? run;
  const { llm_turns, tool_calls, provider_fallbacks } = run.events_stats;
  return (
    <Facts
      facts={[
        [
          'Status',
          <Badge key="status" tone={toneOf(run.status)}>
            {run.status.replaceAll('_', ' ')}
          </Badge>,
        ],
        ['User', run.created_by_user_id !== null && <UserName key="user" id={run.created_by_user_id} />],
        ['Account', <AccountName key="account" id={run.account_id} />],
        ['Model', run.model],
        ['Provider', run.credential_name && `${run.credential_name} (${run.provider_kind})`],
        ['Started', <When key="started" at={run.created_at} />],
        ['Duration', run.duration_ms !== null && duration(run.duration_ms)],
        ['Tokens', `${count(total.total_input_tokens ?? 0)} in, ${count(total.total_output_tokens ?? 0)} out`],
        ['Cost', costOf(total.total_cost_usd, (total.total_input_tokens ?? 0) + (total.total_output_tokens ?? 0))],
        ['Credits', count(total.credits_used ?? 0)],
        ['Steps', `${counted(llm_turns, 'model call')}, ${counted(tool_calls, 'tool call')}, ${counted(provider_fallbacks, 'fallback')}`],
        ['ID', <CopyableId key="id" id={run.run_id} />],
      ]}
    />
  );
}

const columns: Column<ChildRun>[] = [
  {
    title: 'Run',
    cell: ({ run_id }) => (
      <Link href={`/settings/runs/${run_id}`}>
        <ShortId id={run_id} />
      </Link>
    ),
  },
  { title: 'Status', cell: ({ status }) => <Badge tone={toneOf(status)}>{status.replaceAll('_', ' ')}</Badge> },
  { title: 'Model', cell: ({ model }) => model ?? '–' },
  {
    title: 'Cost',
    isNumber: true,
    cell: (run) => costOf(run.total_cost_usd, (run.total_input_tokens ?? 0) + (run.total_output_tokens ?? 0)),
  },
];
