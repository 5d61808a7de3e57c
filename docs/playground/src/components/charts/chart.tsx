import { lazy, Suspense } from 'react';
import { Scrolling } from '../scrolling.tsx';
import type { ChartProps } from './data.ts';

export type { ChartProps, Point, Series } from './data.ts';

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
