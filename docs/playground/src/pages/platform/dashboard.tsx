import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import type { DailyUsage, Dashboard as Numbers, ModelUsage } from '../../../../../client/index.ts';
import { Chart } from '../../components/charts/chart.tsx';
import { count } from '../../components/format.tsx';
import { Page, Section } from '../../components/page.tsx';
import { Empty, QueryState } from '../../components/states.tsx';
import type { Column } from '../../components/table.tsx';
import { useFilters } from '../../resource/filters.tsx';
import { Rows } from '../../resource/resourceList.tsx';
import { client } from '../../session.ts';
import { Segments } from '../../ui/fields.tsx';

export default function Dashboard() {
  const numbers = useQuery({ queryKey: ['dashboard'], queryFn: () => client.dashboard.get(), refetchInterval: 30_000 });
  const models = useQuery({ queryKey: ['platform-usage', 'models'], queryFn: () => client.usage.byModel() });
  return (
    <Page title="Dashboard" intro="The whole platform at a glance: all accounts, users and runs.">
      <QueryState query={numbers}>{(data) => <Tiles numbers={data} />}</QueryState>
      <Daily />
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
    <Tile title="Runs today" value={count(numbers.runs_today)} note={`${count(numbers.total_runs)} of all time`} />
    <Tile title="Cost" value={dollars(numbers.total_cost_usd)} note="of all time" />
    <Tile
      title="Tokens"
      value={short.format(numbers.total_input_tokens + numbers.total_output_tokens)}
      note={`${short.format(numbers.total_input_tokens)} in, ${short.format(numbers.total_output_tokens)} out`}
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

const ranges = ['7', '30', '90'] as const;
const metrics = ['tokens', 'cost', 'runs'] as const;

const charts = {
  tokens: {
    caption: 'Tokens by day',
    series: [
      { key: 'output_tokens', label: 'Output tokens' },
      { key: 'input_tokens', label: 'Input tokens' },
    ],
    format: count,
  },
  cost: { caption: 'Cost by day', series: [{ key: 'cost_usd', label: 'Cost' }], format: dollars },
  runs: { caption: 'Runs by day', series: [{ key: 'record_count', label: 'Runs' }], format: count },
};

function Daily() {
  const filters = useFilters();
  const days = Number(filters.oneOf('days', ranges) ?? '30');
  const metric = filters.oneOf('by', metrics) ?? 'tokens';
  const [start, end] = [dayOf(1 - days), dayOf(0)];
  const daily = useQuery({ queryKey: ['platform-usage', start, end], queryFn: () => client.usage.daily({ query: { start, end } }) });
  return (
    <Section title="Usage">
      <div className="filters">
        <Segments
          label="Show"
          value={metric}
          onChange={(next) => filters.set('by', next)}
          options={[
            ['tokens', 'Tokens'],
            ['cost', 'Cost'],
            ['runs', 'Runs'],
          ]}
        />
        <Segments
          label="Range"
          value={String(days)}
          onChange={(next) => filters.set('days', next)}
          options={ranges.map((each) => [each, `${each} days`])}
        />
      </div>
      <QueryState query={daily}>{(rows) => <Chart {...charts[metric]} points={everyDay(rows, days)} />}</QueryState>
    </Section>
  );
}

/** The UTC date `offset` days from today. */
const dayOf = (offset: number) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);

/** Adds the days without usage, which the response omits. */
function everyDay(rows: readonly DailyUsage[], days: number) {
  const known = new Map(rows.map((row) => [row.date, row]));
  return Array.from({ length: days }, (_, index) => dayOf(index + 1 - days)).map((name) => {
    const { input_tokens = 0, output_tokens = 0, cost_usd = 0, record_count = 0 } = known.get(name) ?? {};
    return { name, input_tokens, output_tokens, cost_usd, record_count };
  });
}

const short = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 });

function dollars(value: number): string {
  return `$${value.toFixed(value === 0 || value >= 1 ? 2 : 4)}`;
}

const byModel: Column<ModelUsage>[] = [
  { title: 'Model', cell: ({ model }) => <code>{model}</code> },
  { title: 'Runs', isNumber: true, cell: ({ record_count }) => count(record_count) },
  { title: 'Tokens in', isNumber: true, cell: ({ input_tokens }) => count(input_tokens) },
  { title: 'Tokens out', isNumber: true, cell: ({ output_tokens }) => count(output_tokens) },
  { title: 'Cost', isNumber: true, cell: ({ cost_usd }) => dollars(cost_usd) },
];
