import { Combobox } from '../../ui/combobox.tsx';
import { zoneName } from '../timeZone.ts';

/** The options of a field with a time zone: that of this browser first. A zone that this browser does not know is kept. */
export function timeZoneOptions(current: string | null) {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const known = new Set([here, ...(current ? [current] : []), ...Intl.supportedValuesOf('timeZone')]);
  return [...known].map((value) => ({ value, label: zoneName(value), ...(value === here && { description: 'This browser' }) }));
}

/** The form value `timezone`; empty if no zone is set. */
export const TimeZoneField = ({ initial, hint }: { initial: string | null; hint: string }) => (
  <Combobox
    label="Time zone"
    name="timezone"
    defaultValue={initial ?? ''}
    options={[{ value: '', label: 'Not set' }, ...timeZoneOptions(initial)]}
    search="Search time zones…"
    hint={hint}
  />
);
