import { terminalTypes } from '../../../contract/events.ts';

/** A block of a stream: a comment, or an event. `at` is the time of its arrival. */
export type Frame = { at: number; raw: string; comment: boolean; fields: [name: string, value: string][]; event: StreamEvent | undefined };

/** An event as far as it could be read. */
export type StreamEvent = {
  id: string | undefined;
  name: string | undefined;
  seq: number;
  type: string;
  /** The JSON text. */
  text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- checks read any field of an event
  body: any;
};

export const isTerminal = ({ type }: StreamEvent): boolean => (terminalTypes as readonly string[]).includes(type);

/** Parses one block (WHATWG HTML 9.2), without its final empty line. */
export function parseFrame(raw: string, at: number): Frame {
  const lines = raw.split('\n').filter((line) => line !== '');
  const fields = lines
    .filter((line) => !line.startsWith(':'))
    .map((line): [string, string] => {
      const colon = line.indexOf(':');
      return colon < 0 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')];
    });
  return { at, raw, fields, comment: lines.some((line) => line.startsWith(':')), event: eventOf(fields) };
}

function eventOf(fields: Frame['fields']): StreamEvent | undefined {
  const values = (wanted: string) => fields.filter(([name]) => name === wanted).map(([, value]) => value);
  if (values('data').length === 0) return undefined;
  const text = values('data').join('\n');
  const body = parsed(text);
  const known = typeof body === 'object' && body !== null ? (body as { seq?: unknown; type?: unknown }) : {};
  return { id: values('id').at(-1), name: values('event').at(-1), seq: Number(known.seq), type: String(known.type), text, body };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
