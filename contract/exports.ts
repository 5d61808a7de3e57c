import { z } from 'zod';

export const ExportFormat = z
  .enum(['ndjson', 'csv'])
  .meta({ id: 'ExportFormat', description: 'Lines of JSON, or CSV (RFC 4180) with a header.' });
export type ExportFormat = z.infer<typeof ExportFormat>;

export const exportFormat = ExportFormat.default('ndjson').meta({
  description:
    '`ndjson`: a JSON object per line; the last line is `{"end":{"rows":…}}`. `csv`: RFC 4180 with a header; texts that a spreadsheet would read as a formula begin with an apostrophe, line breaks in fields are LF, and the last field of the file is quoted: only a complete file ends with a quote and CRLF.',
});

/** How every export is sent. */
export const exportNotes =
  'Sent while it is read, in UTF-8 and compressed if `Accept-Encoding` allows gzip. If reading fails, the connection is closed and the end that `format` describes is missing. At most 60 exports per caller and hour, and two at a time of a caller and of an account. A client that reads less than 64 KiB per second for long is disconnected, or 512 KiB while others wait.';
