import { Tabs as Radix } from 'radix-ui';
import type { ReactNode } from 'react';
import { Icon, type IconName } from './icons.tsx';

type Tab<Value extends string = string> = { value: Value; label: ReactNode; icon?: IconName; content: ReactNode };

type TabsProps<Value extends string> = {
  /** Accessible name of the tab list. */
  label: string;
  tabs: readonly Tab<Value>[];
  /** With `value` and `onChange` the caller keeps the state; otherwise `defaultValue`, or the first tab, is open at first. */
  value?: Value;
  defaultValue?: Value;
  onChange?: (value: Value) => void;
};

/** Arrow keys move between the tabs. Only the content of the open tab is rendered. */
export const Tabs = <Value extends string>({ label, tabs, value, defaultValue = tabs[0]?.value, onChange }: TabsProps<Value>) => (
  <Radix.Root
    className="tabs"
    {...(value === undefined ? { defaultValue } : { value })}
    onValueChange={(next) => onChange?.(next as Value)}
  >
    <Radix.List className="tab-list" aria-label={label}>
      {tabs.map((tab) => (
        <Radix.Trigger key={tab.value} value={tab.value} className="tab">
          {tab.icon && <Icon name={tab.icon} />}
          {tab.label}
        </Radix.Trigger>
      ))}
    </Radix.List>
    {tabs.map((tab) => (
      <Radix.Content key={tab.value} value={tab.value} className="tab-content">
        {tab.content}
      </Radix.Content>
    ))}
  </Radix.Root>
);
