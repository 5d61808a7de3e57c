import { lazy, Suspense } from 'react';
import { Scrolling } from '../scrolling.tsx';

export type Series = {
  /** Name of a number in the points. */
  key: string;
  label: string;
};

/** A bar: its name, and a number for each series. */
export type Point = { name: string } & Record<string, number | string>;

export type ChartProps = {
  /** Accessible name of the chart and its table. */
  caption: string;
  points: readonly Point[];
  /** Heading of the column with the names in the table. */
  nameTitle?: string;
  /** Stacked from the bottom. At most six. */
  series: readonly Series[];
  /** Text of a number, such as `1,200` or `$0.12`. */
  format: (value: number) => string;
};

// The library is larger than all other scripts of these pages together.
const StackedBars = lazy(() => import('./stackedBars.tsx'));

/** A stacked bar chart with a legend, a tooltip, and the same data as a table. */
export const Chart = (props: ChartProps) => (
  <figure className="chart">
    <figcaption className="chart-legend">
      {props.series.map(({ key, label }, index) => (
        <span key={key} className={`chart-key series-${index + 1}`}>
          {label}
        </span>
      ))}
    </figcaption>
    <div className="chart-area">
      <Suspense>
        <StackedBars {...props} />
      </Suspense>
    </div>
    <details>
      <summary>Show as table</summary>
      <DataTable {...props} />
    </details>
  </figure>
);

const DataTable = ({ caption, nameTitle = 'Day', points, series, format }: ChartProps) => (
  <Scrolling as="section" className="table-frame chart-table" aria-label={`${caption}, as a table`}>
    <table className="table">
      <caption className="for-readers">{caption}</caption>
      <thead>
        <tr>
          <th scope="col">{nameTitle}</th>
          {series.map(({ key, label }) => (
            <th key={key} scope="col" className="number">
              {label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {points.map((point) => (
          <tr key={point.name}>
            <th scope="row">{point.name}</th>
            {series.map(({ key }) => (
              <td key={key} className="number">
                {format(Number(point[key] ?? 0))}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  </Scrolling>
);
