import type { ReactNode } from 'react';
import { Scrolling } from './scrolling.tsx';

export type Column<Row> = {
  title: string;
  cell: (row: Row) => ReactNode;
  /** Right-aligned. */
  isNumber?: boolean;
  /** A column of buttons; its heading is visible to screen readers only. */
  isActions?: boolean;
};

type TableProps<Row> = { caption: string; columns: readonly Column<Row>[]; rows: readonly Row[]; keyOf: (row: Row) => string };

/** A table that is wider than the page scrolls horizontally, also by keyboard. */
export const Table = <Row,>({ caption, columns, rows, keyOf }: TableProps<Row>) => (
  <Scrolling as="section" className="table-frame" aria-label={caption}>
    <table className="table">
      <caption className="for-readers">{caption}</caption>
      <thead>
        <tr>
          {columns.map(({ title, isNumber, isActions }) => (
            <th key={title} scope="col" className={isNumber ? 'number' : ''}>
              {isActions ? <span className="for-readers">{title}</span> : title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={keyOf(row)}>
            {columns.map(({ title, cell, isNumber, isActions }) => (
              <td key={title} className={isNumber ? 'number' : ''}>
                {isActions ? <div className="actions">{cell(row)}</div> : cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  </Scrolling>
);
