import type { ExportFormat } from '../../../contract/exports.ts';
import { jsonLine } from '../../../contract/shared/text.ts';

/**
 * How rows are written. `end` is written only after the last row, so that its absence shows that rows are missing: no part of a file that is cut off
 * anywhere ends like a whole one.
 */
export type RowWriter<Row> = { type: string; write(rows: readonly Row[]): string; end(count: number): string };

/** A value that spreadsheets would evaluate as a formula; also with full-width signs, which some of them accept. */
const formula = /^[\s\u200b\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/;

/**
 * A field of RFC 4180. Texts that look like formulas get an apostrophe, which spreadsheets hide. Objects are JSON; null is empty. Line breaks are LF, so
 * that CRLF is only between lines.
 */
export function csvField(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const safe = (formula.test(text) ? `'${text}` : text).replaceAll(/(?<!\r)\r+\n/g, '\n');
  return /[",\r\n']|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const csvLine = (values: readonly unknown[]) => values.map(csvField).join(',');

/**
 * Lines of CSV. The last field of the last line is quoted, which means the same to all readers. In all other lines it must not need quotes, such as a
 * name or a time. So only the end of the file is a quote before CRLF.
 */
function csvWriter<Row extends object>(columns: readonly (keyof Row & string)[]): RowWriter<Row> {
  let held = csvLine(columns);
  return {
    type: 'text/csv; charset=utf-8; header=present',
    write(rows) {
      const lines = [held, ...rows.map((row) => csvLine(columns.map((name) => row[name])))];
      held = lines.pop()!;
      return lines.map((line) => `${line}\r\n`).join('');
    },
    end() {
      const last = held.lastIndexOf(',') + 1;
      return `${held.slice(0, last)}"${held.slice(last)}"\r\n`;
    },
  };
}

export function rowWriterOf<Row extends object>(format: ExportFormat, columns: readonly (keyof Row & string)[]): RowWriter<Row> {
  if (format === 'ndjson')
    return {
      type: 'application/x-ndjson',
      write: (rows) => rows.map((row) => `${jsonLine(row)}\n`).join(''),
      end: (count) => `${JSON.stringify({ end: { rows: count } })}\n`,
    };
  return csvWriter(columns);
}
