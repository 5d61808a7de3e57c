import type { ComponentProps } from 'react';
import { Combobox } from './combobox.tsx';
import { optionsOf } from './options.ts';
import { Select } from './select.tsx';

/** More options than these are searched. */
const maxSelected = 20;

/** A `Select` among things that users make, such as teams; a `Combobox` if there are many. */
export const Choice = <Value extends string>(props: Omit<ComponentProps<typeof Select<Value>>, 'autoFocus'>) =>
  optionsOf(props.options).length > maxSelected ? <Combobox {...props} /> : <Select {...props} />;
