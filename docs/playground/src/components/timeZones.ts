/** The options of a field with a time zone: that of this browser first. A zone that this browser does not know is kept. */
export function timeZoneOptions(current: string | null) {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const known = new Set([here, ...(current ? [current] : []), ...Intl.supportedValuesOf('timeZone')]);
  return [...known].map((value) => ({ value, label: value.replaceAll('_', ' '), ...(value === here && { description: 'This browser' }) }));
}
