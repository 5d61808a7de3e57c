import type { ComponentProps } from 'react';
import { TextField } from '../ui/fields.tsx';
import { textOf } from '../ui/form.tsx';

type FieldProps = Omit<ComponentProps<typeof TextField>, 'type'>;

export const NumberField = (props: FieldProps) => <TextField step="any" inputMode="decimal" {...props} type="number" />;

/** A time in the zone of the browser. `initial` is an instant. */
export const TimeField = ({ initial, ...rest }: FieldProps & { initial?: string | null }) => (
  <TextField {...rest} type="datetime-local" defaultValue={initial ? localTime(initial) : ''} />
);

/** NaN if the field is empty. */
export const numberOf = (values: FormData, name: string): number => {
  const text = textOf(values, name);
  return text === '' ? Number.NaN : Number(text);
};

/** The instant of a `TimeField`; undefined if it is empty. */
export function instantOf(values: FormData, name: string): string | undefined {
  const text = textOf(values, name);
  return text ? new Date(text).toISOString() : undefined;
}

function localTime(instant: string): string {
  const at = new Date(instant);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
