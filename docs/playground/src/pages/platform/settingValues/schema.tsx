import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { EntitlementType, SettingSchema } from '../../../../../../client/index.ts';
import { ExactTime } from '../../../components/format.tsx';
import { instantOf, NumberField, TimeField } from '../../../resource/values.tsx';
import { client } from '../../../session.ts';
import { TextArea, TextField } from '../../../ui/fields.tsx';
import { textOf } from '../../../ui/form.tsx';
import { Select } from '../../../ui/select.tsx';

/** All settings with their types, defaults and descriptions. */
export const useSettingSchemas = () =>
  useQuery({ queryKey: ['config-schema'], queryFn: () => client.configSchema.list(), staleTime: Number.POSITIVE_INFINITY });

/** Entitlements have no numbers with fractions. */
export const entitlementTypeOf = ({ type }: SettingSchema): EntitlementType => (type === 'number' ? 'string' : type);

type SettingFieldProps = {
  /** Undefined while no setting is chosen. */
  schema: SettingSchema | undefined;
  label: string;
  name: string;
  initial?: string | undefined;
  hint?: ReactNode;
  problem?: string | undefined;
};

/** A control for the value of a setting, by its type. */
export function SettingField({ schema, label, name, initial, hint, problem }: SettingFieldProps) {
  const shared = { label, name, hint, problem };
  if (schema?.type === 'boolean')
    return (
      <Select
        {...shared}
        defaultValue={initial ?? schema.default ?? 'true'}
        options={[
          { value: 'true', label: 'Yes' },
          { value: 'false', label: 'No' },
        ]}
      />
    );
  if (schema?.type === 'integer') return <NumberField {...shared} step={1} defaultValue={initial} required />;
  if (schema?.type === 'number') return <NumberField {...shared} defaultValue={initial} required />;
  if (schema?.format === 'date-time') return <TimeField {...shared} initial={initial || null} hint={hint} required />;
  if (schema?.format === 'json')
    return <TextArea {...shared} rows={8} spellCheck={false} defaultValue={initial && indented(initial)} required />;
  return <TextField {...shared} type={schema?.sensitive ? 'password' : 'text'} autoComplete="off" defaultValue={initial} required />;
}

/** What a `SettingField` contains, as text for the API. */
export const settingText = (schema: SettingSchema | undefined, values: FormData, name: string): string =>
  schema?.format === 'date-time' ? (instantOf(values, name) ?? '') : textOf(values, name);

/** A JSON document on several lines. Text that is none stays as it is. */
function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    return text;
  }
}

/** A value as people read it, by the type and format of the setting. */
export function SettingValue({ schema: { type, format }, value }: { schema: SettingSchema; value: string | null }) {
  if (!value) return <span className="muted">not set</span>;
  if (format === 'json') return <code className="value">{indented(value)}</code>;
  if (format === 'date-time' && !Number.isNaN(Date.parse(value))) return <ExactTime at={value} />;
  return <span className="address">{valueText(type, value)}</span>;
}

/** For a `Combobox` of settings: each with its description, which is searched too. */
export const settingOptions = (schemas: readonly SettingSchema[]) =>
  schemas.map(({ key, description }) => ({
    value: key,
    label: key,
    description: <Description>{description}</Description>,
    keywords: [description],
  }));

/** The description of a setting, with its `code`. */
export const Description = ({ children }: { children: string }) =>
  children.split('`').map((part, index) => (index % 2 === 1 ? <code key={part}>{part}</code> : part));

/** What the setting does, and its default. */
export const Hint = ({ schema }: { schema: SettingSchema }) => (
  <>
    <Description>{schema.description}</Description> {schema.format === null && <>Default: {valueText(schema.type, schema.default)}.</>}
  </>
);

/** A value as people read it: `0` of a limit stays a number, booleans become words. */
export const valueText = (type: SettingSchema['type'] | EntitlementType, value: string | null) =>
  value === null || value === '' ? 'not set' : type === 'boolean' ? (value === 'true' ? 'yes' : 'no') : value;
