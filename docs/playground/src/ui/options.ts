import type { ReactNode } from 'react';
import type { IconName } from './icons.tsx';

/** An entry of a `Select` or `Combobox`. */
export type Option<Value extends string = string> = {
  value: Value;
  label: string;
  /** A second line. */
  description?: ReactNode;
  /** More words that a search finds. */
  keywords?: readonly string[];
  icon?: IconName;
  disabled?: boolean;
};

export type OptionGroup<Value extends string = string> = { label: string; options: readonly Option<Value>[] };

export type Options<Value extends string = string> = readonly (Option<Value> | OptionGroup<Value>)[];

export const isGroup = <Value extends string>(entry: Option<Value> | OptionGroup<Value>): entry is OptionGroup<Value> => 'options' in entry;

/** The options without their groups. */
export const optionsOf = <Value extends string>(options: Options<Value>): readonly Option<Value>[] =>
  options.flatMap((entry) => (isGroup(entry) ? entry.options : [entry]));
