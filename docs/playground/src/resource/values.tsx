import type { ComponentProps } from 'react';
import { instantIn, localTime, timeZone, useTimeZone, zoneName } from '../components/timeZone.ts';
import { TextField } from '../ui/fields.tsx';
import { textOf } from '../ui/form.tsx';

type FieldProps = Omit<ComponentProps<typeof TextField>, 'type'>;

export const NumberField = (props: FieldProps) => <TextField step="any" inputMode="decimal" {...props} type="number" />;

type TimeFieldProps = FieldProps & {
  /** An instant. */
  initial?: string | null;
  /** Default: that of the user. */
  zone?: string;
};

/** A time in a zone, which the field names. */
export function TimeField({ initial, zone, hint, ...rest }: TimeFieldProps) {
  const ofUser = useTimeZone();
  const inZone = zone === undefined && `Time zone: ${zoneName(ofUser)}.`;
  const told =
    hint && inZone ? (
      <>
        {hint} {inZone}
      </>
    ) : (
      hint || inZone || undefined
    );
  return <TextField {...rest} hint={told} type="datetime-local" defaultValue={initial ? localTime(initial, zone ?? ofUser) : ''} />;
}

/** NaN if the field is empty. */
export const numberOf = (values: FormData, name: string): number => {
  const text = textOf(values, name);
  return text === '' ? Number.NaN : Number(text);
};

/** The instant of a `TimeField`; undefined if it is empty. */
export const instantOf = (values: FormData, name: string, zone: string = timeZone()): string | undefined =>
  instantIn(textOf(values, name), zone);
