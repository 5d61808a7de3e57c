import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { DailyUsage } from '../../../../../../client/index.ts';
import { Chart } from '../../../components/charts/chart.tsx';
import { count } from '../../../components/format.tsx';
import { dollars } from '../../../components/money.ts';
import { Section } from '../../../components/page.tsx';
import { QueryState } from '../../../components/states.tsx';
import { ExportMenu } from '../../../resource/exports.tsx';
import { useFilters } from '../../../resource/filters.tsx';
import { Segments } from '../../../ui/fields.tsx';
import { periodsOf, type Range, rangeOf } from '../../usage/figures.ts';

const ranges = ['7', '30', '90'] as const;
const metrics = ['tokens', 'cost', 'runs'] as const;

const charts = {
  tokens: {
    caption: 'Tokens by day',
    series: [
      { key: 'input_tokens', label: 'Input tokens' },
      { key: 'output_tokens', label: 'Output tokens' },
    ],
    format: count,
  },
  cost: { caption: 'Cost by day', series: [{ key: 'cost_usd', label: 'Cost' }], format: dollars },
  runs: { caption: 'Runs by day', series: [{ key: 'record_count', label: 'Runs' }], format: count },
};

type DailyProps = {
  /** Identifies what `load` counts. */
  of: string;
  load: (range: Range) => Promise<DailyUsage[]>;
  /** Loads the records of the range. */
  exported: (range: Range & { format: 'csv' | 'ndjson' }) => Promise<Blob | undefined>;
};

/** A chart of tokens, cost or runs by day. The address has the choices. */
export function Daily({ of, load, exported }: DailyProps) {
  const filters = useFilters();
  // A page that stays open over midnight shows the day on which it was opened.
  const [now] = useState(Date.now);
  const days = filters.oneOf('range', ranges) ?? '30';
  const metric = filters.oneOf('by', metrics) ?? 'tokens';
  const range = rangeOf(days, now);
  const daily = useQuery({ queryKey: ['platform-usage', of, range.start, range.end], queryFn: () => load(range) });
  return (
    <Section title="Usage by day (UTC)">
      <div className="filters">
        <Segments
          label="Figure"
          hideLabel
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
          hideLabel
          value={days}
          onChange={(next) => filters.set('range', next)}
          options={ranges.map((each) => [each, `${each} days`])}
        />
        <ExportMenu name={`usage-${range.start}-${range.end}`} load={(format) => exported({ ...range, format })} />
      </div>
      <QueryState query={daily}>{(rows) => <Chart {...charts[metric]} points={periodsOf(range, rows)} />}</QueryState>
    </Section>
  );
}
