import { useNow } from './now.ts';
import { timeFormat, useTimeZone } from './timeZone.ts';

const parts = { year: 'numeric', month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit' } as const;
const moment = timeFormat(parts);
const exact = timeFormat({ ...parts, second: '2-digit', timeZoneName: 'short' });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });
const whole = new Intl.NumberFormat();

/** Units of relative times with their size in milliseconds. */
const units = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

/** A relative time, which stays true while the page is open; the tooltip shows the exact one. */
export function When({ at }: { at: string }) {
  const zone = useTimeZone();
  return (
    <time dateTime={at} title={exact(at, zone)}>
      {ago(at, useNow(), zone)}
    </time>
  );
}

/** An exact time with seconds and time zone. */
export const ExactTime = ({ at }: { at: string }) => <time dateTime={at}>{exact(at, useTimeZone())}</time>;

/** An exact time with seconds and time zone, as a log needs it, and how long ago it was. */
export const Moment = ({ at }: { at: string }) => (
  <>
    <ExactTime at={at} />
    <div className="muted small">{ago(at, useNow(), useTimeZone())}</div>
  </>
);

function ago(at: string, now: number, zone: string): string {
  const distance = Date.parse(at) - now;
  const [unit, size] = units.find(([, from]) => Math.abs(distance) >= from) ?? [];
  if (!unit) return 'just now';
  return unit === 'day' && Math.abs(distance) > 7 * size ? moment(at, zone) : relative.format(Math.round(distance / size), unit);
}

/** `platform_admin` → `Platform admin`. */
export const asWords = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1).replaceAll('_', ' ');

export const count = (value: number): string => whole.format(value);

/** `1 tool call`, `2 tool calls`: for nouns whose plural ends in s. */
export const counted = (value: number, noun: string): string => `${count(value)} ${noun}${value === 1 ? '' : 's'}`;

export const duration = (ms: number): string =>
  ms < 1_000
    ? `${Math.round(ms)} ms`
    : ms < 60_000
      ? `${(ms / 1_000).toFixed(1)} s`
      : `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1_000)} s`;

const sizeUnits = ['B', 'KB', 'MB', 'GB', 'TB'];

/** Units are powers of 1024. */
export function fileSize(bytes: number): string {
  const step = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), sizeUnits.length - 1);
  const amount = bytes / 1_024 ** step;
  return `${step < 2 ? Math.round(amount) : Number(amount.toFixed(1))} ${sizeUnits[step]}`;
}
