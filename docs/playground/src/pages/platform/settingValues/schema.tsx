import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { EntitlementType, SettingSchema } from '../../../../../../client/index.ts';
import { NumberField } from '../../../resource/values.tsx';
import { client } from '../../../session.ts';
import { TextField } from '../../../ui/fields.tsx';
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
  return <TextField {...shared} type={schema?.sensitive ? 'password' : 'text'} autoComplete="off" defaultValue={initial} required />;
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
    <Description>{schema.description}</Description> Default: {valueText(schema.type, schema.default)}.
  </>
);

/** A value as people read it: `0` of a limit stays a number, booleans become words. */
export const valueText = (type: SettingSchema['type'] | EntitlementType, value: string | null) =>
  value === null || value === '' ? 'not set' : type === 'boolean' ? (value === 'true' ? 'yes' : 'no') : value;
