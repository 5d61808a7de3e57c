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

/** The most columns that fit a phone. */
const maxNarrowColumns = 2;

/** Texts up to this length are not broken into lines beside a long name. */
const maxShortText = 18;

const isShort = (content: ReactNode) => typeof content === 'string' && content.length <= maxShortText;

/**
 * A table that is wider than the page scrolls horizontally, also by keyboard. On a phone the rows of a table with more columns are cards: the first
 * cell is their heading, and the others have the title of their column beside them.
 */
export const Table = <Row,>({ caption, columns, rows, keyOf }: TableProps<Row>) => {
  const isCards = columns.length > maxNarrowColumns;
  // The display of cards takes the meaning of a table away in some browsers.
  const as = (role: string) => (isCards ? { role } : {});
  return (
    <Scrolling as="section" className="table-frame" aria-label={caption}>
      <table className={isCards ? 'table stacked' : 'table'} {...as('table')}>
        <caption className="for-readers">{caption}</caption>
        <thead {...as('rowgroup')}>
          <tr {...as('row')}>
            {columns.map(({ title, isNumber, isActions }) => (
              <th key={title} scope="col" className={isNumber ? 'number' : ''} {...as('columnheader')}>
                {isActions ? <span className="for-readers">{title}</span> : title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody {...as('rowgroup')}>
          {rows.map((row) => (
            <tr key={keyOf(row)} {...as('row')}>
              {columns.map(({ title, cell, isNumber, isActions }) => {
                const content = cell(row);
                return (
                  <td key={title} className={isNumber ? 'number' : isShort(content) ? 'short' : ''} data-title={title} {...as('cell')}>
                    <div className={isActions ? 'actions' : 'cell'}>{content}</div>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolling>
  );
};
