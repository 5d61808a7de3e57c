import { useSyncExternalStore } from 'react';

const dayMs = 86_400_000;
const zoneOfBrowser = Intl.DateTimeFormat().resolvedOptions().timeZone;

let zone = zoneOfBrowser;
const listeners = new Set<() => void>();

/** The first of the zones that is set is used for all times from now on; without one, that of the browser. */
export function setTimeZone(...zones: readonly (string | null | undefined)[]) {
  const next = zones.find((each) => each && isKnown(each)) ?? zoneOfBrowser;
  if (next === zone) return;
  zone = next;
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};

/** For event handlers. A component needs `useTimeZone`, so that its times follow the profile. */
export const timeZone = (): string => zone;

/** The time zone of the user, in which the pages show and read times. */
export const useTimeZone = (): string => useSyncExternalStore(subscribe, timeZone);

function isKnown(name: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat(undefined, { timeZone: name }));
  } catch {
    return false;
  }
}

/** A text for a time in a zone. Formatters are kept: making one takes longer than using it. A zone that this browser does not know is replaced by its own. */
export function timeFormat(options: Intl.DateTimeFormatOptions, locale?: string): (at: string | number, zone: string) => string {
  const formats = new Map<string, Intl.DateTimeFormat>();
  return (at, name) => {
    let format = formats.get(name);
    if (!format) {
      format = new Intl.DateTimeFormat(locale, isKnown(name) ? { ...options, timeZone: name } : { timeZoneName: 'short', ...options });
      formats.set(name, format);
    }
    return format.format(new Date(at));
  };
}

const clock = timeFormat(
  { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZoneName: undefined },
  'en-US-u-ca-gregory-nu-latn',
);

/** The date and time that a clock in the zone shows, such as `2026-11-29T09:15`: the value of a `datetime-local` field. */
export function localTime(at: string | number, name: string): string {
  const [month, day, year, hour, minute] = clock(at, name).split(/\D+/);
  return `${year!.padStart(4, '0')}-${month}-${day}T${hour}:${minute}`;
}

/**
 * The instant at which a clock in the zone shows `local`. Of two, when clocks are set back, the first; a time that is skipped, when they are set
 * forward, is as long after the change as it would be without it. Undefined if `local` is not a time.
 */
export function instantIn(local: string, name: string): string | undefined {
  const asUtc = Date.parse(`${local.slice(0, 16)}Z`);
  if (Number.isNaN(asUtc)) return undefined;
  const offsetAt = (at: number) => Date.parse(`${localTime(at, name)}Z`) - at;
  // The offsets before and after a change of the clocks on that day.
  const candidates = [asUtc - dayMs, asUtc + dayMs].map((near) => asUtc - offsetAt(near));
  const at = candidates.find((each) => localTime(each, name) === local.slice(0, 16)) ?? candidates[0]!;
  return new Date(at).toISOString();
}

/** `America/New_York` → `America/New York`. */
export const zoneName = (name: string): string => name.replaceAll('_', ' ');
