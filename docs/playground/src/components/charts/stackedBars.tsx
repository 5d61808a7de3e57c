import { Bar, BarChart, CartesianGrid, ResponsiveContainer, Tooltip, type TooltipContentProps, XAxis, YAxis } from 'recharts';
import type { ChartProps } from './data.ts';

const day = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric', timeZone: 'UTC' });
const short = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 });
const month = new Intl.DateTimeFormat(undefined, { month: 'short', year: 'numeric', timeZone: 'UTC' });
const nameOf = (name: string) =>
  /^\d{4}-\d{2}-\d{2}$/.test(name) ? day.format(new Date(name)) : /^\d{4}-\d{2}$/.test(name) ? month.format(new Date(name)) : name;

/** As a property, because the library sets an inline style. */
const tick = { fill: 'var(--muted)' };

/** The bars of a `Chart`. Hidden from screen readers, which get the table. */
export default function StackedBars({ points, series, format }: ChartProps) {
  return (
    <div aria-hidden="true" className="chart-bars">
      <ResponsiveContainer width="100%" height="100%">
        <BarChart data={[...points]} margin={{ top: 8, right: 0, bottom: 0, left: 0 }} accessibilityLayer={false}>
          <CartesianGrid vertical={false} stroke="var(--line)" />
          <XAxis dataKey="name" tick={tick} tickFormatter={nameOf} tickLine={false} axisLine={{ stroke: 'var(--line)' }} minTickGap={24} />
          <YAxis
            width="auto"
            tick={tick}
            tickFormatter={(value: number) => (value < 1_000 ? format(value) : short.format(value))}
            tickLine={false}
            axisLine={false}
            tickCount={4}
          />
          <Tooltip
            cursor={{ fill: 'var(--hover)', stroke: 'none' }}
            isAnimationActive={false}
            content={(shown: TooltipContentProps) => <Details shown={shown} series={series} format={format} />}
          />
          {series.map(({ key }, index) => (
            <Bar key={key} dataKey={key} stackId="all" fill={`var(--series-${index + 1})`} maxBarSize={32} isAnimationActive={false} />
          ))}
        </BarChart>
      </ResponsiveContainer>
    </div>
  );
}

function Details({ shown, series, format }: Pick<ChartProps, 'series' | 'format'> & { shown: TooltipContentProps }) {
  if (!shown.active || !shown.payload?.length) return null;
  return (
    <div className="chart-tooltip">
      <strong>{nameOf(String(shown.label))}</strong>
      {series.map(({ key, label }, index) => (
        <span key={key} className={`chart-key series-${index + 1}`}>
          {label}
          <span className="number">{format(Number(shown.payload.find(({ dataKey }) => dataKey === key)?.value ?? 0))}</span>
        </span>
      ))}
    </div>
  );
}
