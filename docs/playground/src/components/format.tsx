import { useNow } from './now.ts';

const parts = { year: 'numeric', month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit' } as const;
const moment = new Intl.DateTimeFormat(undefined, parts);
const exact = new Intl.DateTimeFormat(undefined, { ...parts, second: '2-digit', timeZoneName: 'short' });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });
const whole = new Intl.NumberFormat();

/** Units of relative times with their size in milliseconds. */
const units = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

/** An exact time in the zone of the browser. */
export const momentText = (at: string): string => moment.format(new Date(at));

/** A relative time, which stays true while the page is open; the tooltip shows the exact one. */
export const When = ({ at }: { at: string }) => (
  <time dateTime={at} title={exact.format(new Date(at))}>
    {ago(at, useNow())}
  </time>
);

/** An exact time with seconds and time zone, as a log needs it, and how long ago it was. */
export const Moment = ({ at }: { at: string }) => (
  <>
    <time dateTime={at}>{exact.format(new Date(at))}</time>
    <div className="muted small">{ago(at, useNow())}</div>
  </>
);

function ago(at: string, now: number): string {
  const distance = Date.parse(at) - now;
  const [unit, size] = units.find(([, from]) => Math.abs(distance) >= from) ?? [];
  if (!unit) return 'just now';
  return unit === 'day' && Math.abs(distance) > 7 * size ? moment.format(new Date(at)) : relative.format(Math.round(distance / size), unit);
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

const cents = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' });
const fractions = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD', maximumSignificantDigits: 2 });

/** An amount in US dollars. Less than ten cents are shown to two significant digits, such as $0.00042. */
export const dollars = (value: number): string => (value === 0 || value >= 0.1 ? cents : fractions).format(value);
