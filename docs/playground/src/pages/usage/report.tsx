import { useQueries, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useSearchParams } from 'wouter';
import { Chart, type Point, type Series } from '../../components/charts/chart.tsx';
import { count } from '../../components/format.tsx';
import { costOf, dollars } from '../../components/money.ts';
import { Section } from '../../components/page.tsx';
import { Empty, QueryState } from '../../components/states.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { localTime, useTimeZone, zoneName } from '../../components/timeZone.ts';
import { useMe } from '../../me.ts';
import { ExportItems } from '../../resource/exports.tsx';
import { client } from '../../session.ts';
import { Button } from '../../ui/buttons.tsx';
import { Segments, TextField } from '../../ui/fields.tsx';
import { Menu, MenuItem } from '../../ui/menu.tsx';
import { Select } from '../../ui/select.tsx';
import {
  byModel,
  daysInUtc,
  daysOf,
  isHourly,
  modelsCsv,
  type Month,
  monthName,
  type MonthOfModel,
  monthsIn,
  type Period,
  periodsCsv,
  periodsIn,
  periodsOf,
  type Preset,
  presets,
  problemOfRange,
  type Range,
  totalsOf,
  usageZone,
  zoneOfRange,
} from './figures.ts';

type Metric = 'tokens' | 'cost' | 'runs';
/** `accountId` if the usage of all members is shown. */
type Scope = { accountId: string | undefined };

/** Usage in a range of days, by day and by model. The address of the page has the range. */
export function UsageReport() {
  const [params, setParams] = useSearchParams();
  const [metric, setMetric] = useState<Metric>('tokens');
  // A page that stays open over midnight shows the day on which it was opened.
  const [now] = useState(Date.now);
  const me = useMe().data;
  const zoneOfDays = usageZone(useTimeZone(), now);
  const preset = (Object.keys(presets) as Preset[]).find((each) => each === params.get('range')) ?? '30';
  const entered = { start: params.get('from') ?? '', end: params.get('to') ?? '' };
  const range = preset === 'custom' ? entered : daysOf(preset, zoneOfDays, now);
  const zone = zoneOfRange(range, zoneOfDays);
  const problem = problemOfRange(range);
  const set = (changes: Record<string, string>) =>
    setParams((before) => new URLSearchParams({ ...Object.fromEntries(before), ...changes }), { replace: true });
  const choose = (next: Preset) => set(next === 'custom' ? { range: next, from: range.start, to: range.end } : { range: next });
  const seesAccount = me?.permissions.includes('data.usage.read') === true;
  const accountId = seesAccount && params.get('of') === 'account' ? me.account_id : undefined;
  const isValid = problem === undefined;
  const periods = usePeriods(range, zone, { accountId }, isValid);
  const models = useModels(isValid ? monthsIn(range) : [], { accountId });
  return (
    <>
      <div className="usage-tools">
        <Select
          label="Range"
          hideLabel
          compact
          value={preset}
          options={(Object.keys(presets) as Preset[]).map((value) => ({ value, label: presets[value] }))}
          onChange={choose}
        />
        {seesAccount && (
          <Segments
            label="Whose runs"
            hideLabel
            value={accountId ? 'account' : 'mine'}
            options={[
              ['mine', 'Your runs'],
              ['account', 'Whole workspace'],
            ]}
            onChange={(of) => set({ of })}
          />
        )}
        <Segments
          label="Figure"
          hideLabel
          value={metric}
          options={[
            ['tokens', 'Tokens'],
            ['cost', 'Cost'],
            ['runs', 'Runs'],
          ]}
          onChange={setMetric}
        />
        <Export range={range} accountId={accountId} periods={isValid ? periods.data : undefined} models={models.data} />
      </div>
      {preset === 'custom' && (
        <div className="usage-dates">
          <TextField type="date" label="From" value={entered.start} onChange={({ currentTarget }) => set({ from: currentTarget.value })} />
          <TextField
            type="date"
            label="To"
            value={entered.end}
            problem={problem}
            onChange={({ currentTarget }) => set({ to: currentTarget.value })}
          />
        </div>
      )}
      {isValid && <Report range={range} zone={zone} periods={periods} models={models} metric={metric} />}
    </>
  );
}

type ReportProps = { range: Range; zone: string; periods: PeriodsQuery; models: ModelsQuery; metric: Metric };

function Report({ range, zone, periods, models, metric }: ReportProps) {
  const isByHour = isHourly(range);
  return (
    <>
      <QueryState query={periods}>
        {(rows) => (
          <>
            <Totals periods={rows} />
            {totalsOf(rows).record_count === 0 ? (
              <Empty title="No runs in this range">
                A run is counted on the day on which it ends. Choose a longer range to see earlier runs.
              </Empty>
            ) : (
              <Section title={`By ${isByHour ? 'hour' : 'day'} (${zoneName(zone)})`}>
                <Chart
                  caption={`${metricTexts[metric]} by ${isByHour ? 'hour' : 'day'}`}
                  nameTitle={isByHour ? 'Hour' : 'Day'}
                  points={rows.map((row) => ({ ...row, name: isByHour ? hourOf(localTime(row.name, zone), range) : row.name }))}
                  series={seriesOf[metric]}
                  format={metric === 'cost' ? dollars : count}
                />
              </Section>
            )}
          </>
        )}
      </QueryState>
      <Section title="By model">
        <QueryState
          query={models}
          empty={<Empty title="No runs in these months">A run is counted when it ends, with the model that answered.</Empty>}
        >
          {(rows) => <ByModel rows={rows} months={monthsIn(range)} metric={metric} />}
        </QueryState>
      </Section>
    </>
  );
}

/** `14:00`, in a range of two days `27, 14:00`. */
const hourOf = (time: string, { start, end }: Range) =>
  start === end ? time.slice(11, 16) : `${time.slice(8, 10)}, ${time.slice(11, 16)}`;

type ExportProps = {
  range: Range;
  accountId: string | undefined;
  periods: readonly Period[] | undefined;
  models: readonly MonthOfModel[] | undefined;
};

function Export({ range, accountId, periods, models }: ExportProps) {
  const name = `${range.start}-${range.end}`;
  return (
    <Menu
      label="Export"
      trigger={
        <Button icon="download" disabled={!periods || !models}>
          Export
        </Button>
      }
    >
      <MenuItem onSelect={() => save(`usage-${name}.csv`, periodsCsv(range, periods ?? []))}>
        {isHourly(range) ? 'By hour (CSV)' : 'By day (CSV)'}
      </MenuItem>
      <MenuItem onSelect={() => save(`usage-by-model-${name}.csv`, modelsCsv(models ?? []))}>By model (CSV)</MenuItem>
      {accountId !== undefined && (
        <ExportItems
          what="All records"
          name={`usage-records-${name}`}
          load={(format) => client.usage.exportOfAccount({ params: { account_id: accountId }, query: { ...range, format } })}
        />
      )}
    </Menu>
  );
}

const metricTexts = { tokens: 'Tokens', cost: 'Cost', runs: 'Runs' } as const satisfies Record<Metric, string>;
const seriesOf: Record<Metric, readonly Series[]> = {
  tokens: [
    { key: 'input_tokens', label: 'Input tokens' },
    { key: 'output_tokens', label: 'Output tokens' },
  ],
  cost: [{ key: 'cost_usd', label: 'Cost' }],
  runs: [{ key: 'record_count', label: 'Runs' }],
};
const valueOf = (metric: Metric, row: Omit<Period, 'name'>): number =>
  metric === 'cost' ? row.cost_usd : metric === 'runs' ? row.record_count : row.input_tokens + row.output_tokens;

type PeriodsQuery = ReturnType<typeof usePeriods>;
type ModelsQuery = ReturnType<typeof useModels>;

function usePeriods(range: Range, zone: string, { accountId }: Scope, enabled: boolean) {
  return useQuery({
    enabled,
    queryKey: ['usage', 'periods', range.start, range.end, zone, accountId],
    queryFn: async () => {
      const { mineDaily, mineHourly, ofAccountDaily, ofAccountHourly } = client.usage;
      const hoursOf = (query: Range) =>
        accountId === undefined ? mineHourly({ query }) : ofAccountHourly({ query, params: { account_id: accountId } });
      if (zone !== 'UTC') return periodsIn(zone, range, await hoursOf(daysInUtc(range, zone)));
      if (isHourly(range)) return periodsOf(range, await hoursOf(range));
      if (accountId === undefined) return periodsOf(range, await mineDaily({ query: range }));
      return periodsOf(range, await ofAccountDaily({ query: range, params: { account_id: accountId } }));
    },
  });
}

/** The API counts models by month. */
function useModels(months: readonly Month[], { accountId }: Scope) {
  return useQueries({
    queries: months.map((month) => ({
      queryKey: ['usage', 'models', monthName(month), accountId],
      queryFn: async (): Promise<MonthOfModel[]> => {
        const rows =
          accountId === undefined
            ? await client.usage.mineByModel({ query: month })
            : await client.usage.ofAccountByModel({ query: month, params: { account_id: accountId } });
        return rows.map((row) => ({ ...row, name: monthName(month) }));
      },
    })),
    combine: (results) => ({
      data: results.every(({ data }) => data) ? results.flatMap(({ data }) => data!) : undefined,
      error: results.find(({ error }) => error)?.error,
      refetch: () => Promise.all(results.map(({ refetch }) => refetch())),
    }),
  });
}

function Totals({ periods }: { periods: readonly Period[] }) {
  const { input_tokens, output_tokens, cost_usd, record_count } = totalsOf(periods);
  return (
    <dl className="usage-totals">
      {[
        ['Cost', costOf(cost_usd, input_tokens + output_tokens)],
        ['Runs', count(record_count)],
        ['Input tokens', count(input_tokens)],
        ['Output tokens', count(output_tokens)],
      ].map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Models with a color of their own. */
const maxSeries = 5;

function ByModel({ rows, months, metric }: { rows: readonly MonthOfModel[]; months: readonly Month[]; metric: Metric }) {
  const models = byModel(rows);
  const named = models.slice(0, maxSeries);
  const whole = models.reduce((sum, row) => sum + valueOf(metric, row), 0);
  const keyOf = (model: string) => {
    const at = named.findIndex((each) => each.model === model);
    return at < 0 ? 'other' : `model-${at}`;
  };
  const series = [
    ...named.map(({ model }) => ({ key: keyOf(model), label: model })),
    ...(models.length > maxSeries ? [{ key: 'other', label: 'Others' }] : []),
  ];
  const points = months.map((month): Point => {
    const name = monthName(month);
    const ofMonth = rows.filter((row) => row.name === name);
    const sumOf = (key: string) => ofMonth.filter(({ model }) => keyOf(model) === key).reduce((sum, row) => sum + valueOf(metric, row), 0);
    return { name, ...Object.fromEntries(series.map(({ key }) => [key, sumOf(key)])) };
  });
  const columns: Column<(typeof models)[number]>[] = [
    { title: 'Model', cell: ({ model }) => <code>{model}</code> },
    {
      title: `Share of ${metricTexts[metric].toLowerCase()}`,
      cell: (row) => <Share part={whole === 0 ? 0 : valueOf(metric, row) / whole} />,
    },
    { title: 'Runs', isNumber: true, cell: ({ record_count }) => count(record_count) },
    { title: 'Input tokens', isNumber: true, cell: ({ input_tokens }) => count(input_tokens) },
    { title: 'Output tokens', isNumber: true, cell: ({ output_tokens }) => count(output_tokens) },
    { title: 'Cost', isNumber: true, cell: ({ cost_usd, input_tokens, output_tokens }) => costOf(cost_usd, input_tokens + output_tokens) },
  ];
  return (
    <>
      <p className="muted small">
        {months.length === 1 ? `All of ${textOf(months[0]!)}` : `All of the months from ${textOf(months[0]!)} to ${textOf(months.at(-1)!)}`}{' '}
        (UTC): models are counted by month.
      </p>
      {months.length > 1 && (
        <Chart
          caption={`${metricTexts[metric]} by month and model`}
          nameTitle="Month"
          points={points}
          series={series}
          format={metric === 'cost' ? dollars : count}
        />
      )}
      <Table caption="Usage by model" columns={columns} rows={models} keyOf={({ model }) => model} />
    </>
  );
}

const monthText = new Intl.DateTimeFormat('en', { month: 'long', year: 'numeric', timeZone: 'UTC' });
const textOf = (month: Month) => monthText.format(Date.parse(monthName(month)));

const Share = ({ part }: { part: number }) => (
  <span className="share">
    <svg aria-hidden="true">
      <rect className="whole" width="100%" height="100%" rx="3" />
      <rect width={`${part * 100}%`} height="100%" rx="3" />
    </svg>
    {`${Math.round(part * 100)} %`}
  </span>
);

function save(name: string, text: string) {
  const link = document.createElement('a');
  // The mark makes Excel read UTF-8.
  link.href = URL.createObjectURL(new Blob(['\uFEFF', text], { type: 'text/csv;charset=utf-8' }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href));
}
