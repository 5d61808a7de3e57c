import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import type { ModelUsage, Dashboard as Numbers } from '../../../../../client/index.ts';
import { count } from '../../components/format.tsx';
import { costOf } from '../../components/money.ts';
import { Page, Section } from '../../components/page.tsx';
import { Empty, QueryState } from '../../components/states.tsx';
import type { Column } from '../../components/table.tsx';
import { Rows } from '../../resource/resourceList.tsx';
import { client } from '../../session.ts';
import { Daily } from './usage/daily.tsx';

export default function Dashboard() {
  const numbers = useQuery({ queryKey: ['dashboard'], queryFn: () => client.dashboard.get(), refetchInterval: 30_000 });
  const models = useQuery({ queryKey: ['platform-usage', 'models'], queryFn: () => client.usage.byModel() });
  return (
    <Page title="Dashboard" intro="The whole platform at a glance: all accounts, users and runs.">
      <QueryState query={numbers}>{(data) => <Tiles numbers={data} />}</QueryState>
      <Daily of="platform" load={(query) => client.usage.daily({ query })} exported={(query) => client.usage.export({ query })} />
      <Section title="This month, by model">
        <Rows
          caption="Usage by model"
          query={models}
          columns={byModel}
          keyOf={({ model }) => model}
          empty={<Empty title="No runs this month">Each model appears here after its first run.</Empty>}
        />
      </Section>
    </Page>
  );
}

const Tiles = ({ numbers }: { numbers: Numbers }) => (
  <dl className="tiles">
    <Tile
      title="Users"
      value={count(numbers.total_users)}
      note={`${count(numbers.active_users_30d)} active in 30 days`}
      href="/settings/users"
    />
    <Tile title="Accounts" value={count(numbers.active_accounts)} note="not closed" href="/settings/accounts" />
    <Tile title="Runs today" value={count(numbers.runs_today)} note="since midnight, UTC" />
    <Tile title="Runs" value={short.format(numbers.total_runs)} note="of all time" />
    <Tile
      title="Tokens"
      value={short.format(numbers.total_input_tokens + numbers.total_output_tokens)}
      note={`${short.format(numbers.total_input_tokens)} in, ${short.format(numbers.total_output_tokens)} out`}
    />
    <Tile
      title="Cost"
      value={costOf(numbers.total_cost_usd, numbers.total_input_tokens + numbers.total_output_tokens)}
      note="of all time"
    />
  </dl>
);

const Tile = ({ title, value, note, href }: { title: string; value: string; note: string; href?: string }) => (
  <div className="card tile">
    <dt>{href ? <Link href={href}>{title}</Link> : title}</dt>
    <dd>
      <strong>{value}</strong>
      <span className="muted small">{note}</span>
    </dd>
  </div>
);

const short = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 });

const byModel: Column<ModelUsage>[] = [
  { title: 'Model', cell: ({ model }) => <code>{model}</code> },
  { title: 'Runs', isNumber: true, cell: ({ record_count }) => count(record_count) },
  { title: 'Input tokens', isNumber: true, cell: ({ input_tokens }) => count(input_tokens) },
  { title: 'Output tokens', isNumber: true, cell: ({ output_tokens }) => count(output_tokens) },
  { title: 'Cost', isNumber: true, cell: ({ cost_usd, input_tokens, output_tokens }) => costOf(cost_usd, input_tokens + output_tokens) },
];
