import type { ExportFormat } from '../../../contract/exports.ts';

/** How rows are written. `end` is written only after the last row, so that its absence shows that rows are missing. */
export type RowWriter<Row> = { type: string; start: string; write(rows: readonly Row[]): string; end(count: number): string };

/** A value that spreadsheets would evaluate as a formula; also with full-width signs, which some of them accept. */
const formula = /^[\s\u200b\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/;

/** A field of RFC 4180. Texts that look like formulas get an apostrophe, which spreadsheets hide. Objects are JSON; null is empty. */
export function csvField(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const safe = formula.test(text) ? `'${text}` : text;
  return /[",\r\n']|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const csvLine = (values: readonly unknown[]) => values.map(csvField).join(',');

export function rowWriterOf<Row extends object>(format: ExportFormat, columns: readonly (keyof Row & string)[]): RowWriter<Row> {
  if (format === 'ndjson')
    return {
      type: 'application/x-ndjson',
      start: '',
      write: (rows) => rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
      end: (count) => `${JSON.stringify({ end: { rows: count } })}\n`,
    };
  return {
    type: 'text/csv; charset=utf-8; header=present',
    start: csvLine(columns),
    write: (rows) => rows.map((row) => `\r\n${csvLine(columns.map((name) => row[name]))}`).join(''),
    end: () => '\r\n',
  };
}
