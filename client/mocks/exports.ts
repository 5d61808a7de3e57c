import type { ExportFormat } from '../../contract/exports.ts';
import { jsonLine } from '../../contract/shared/text.ts';
import { RawBody } from './context.ts';

/** The file of an export, as the server sends it. */
export function exportOf<Row extends object>(name: string, rows: readonly Row[], columns: readonly (keyof Row)[], format: ExportFormat) {
  const lines =
    format === 'ndjson'
      ? [...rows, { end: { rows: rows.length } }].map((row) => `${jsonLine(row)}\n`)
      : [columns, ...rows.map((row) => columns.map((column) => row[column]))].map((fields, at) => {
          const texts = fields.map(fieldOf);
          // Only the last field of a whole file is quoted.
          return `${(at === rows.length ? texts.with(-1, `"${texts.at(-1)}"`) : texts).join(',')}\r\n`;
        });
  const type = format === 'ndjson' ? 'application/x-ndjson' : 'text/csv; charset=utf-8; header=present';
  const headers = { 'content-disposition': `attachment; filename="${name}.${format}"`, 'cache-control': 'no-store' };
  return { status: 200 as const, body: new RawBody(lines.join(''), type), headers };
}

/** Texts that look like formulas get an apostrophe. */
function fieldOf(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const text = typeof value === 'string' ? value : value === null || value === undefined ? '' : JSON.stringify(value);
  const safe = /^\s*[=+\-@]/.test(text) ? `'${text}` : text;
  return /[",\r\n']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
