import { Select as Radix } from 'radix-ui';
import { type ReactNode, useState } from 'react';
import { type Described, Field, HiddenValue } from './fields.tsx';
import { useForm } from './form.tsx';
import { Icon, type IconName } from './icons.tsx';
import { isGroup, type Option, type Options, optionsOf } from './options.ts';

type SelectProps<Value extends string> = Described & {
  options: Options<Value>;
  /** With `value` the caller keeps the state. An empty string is a value too, such as "Any". */
  value?: Value;
  defaultValue?: Value;
  onChange?: (value: Value) => void;
  /** Name of the value in the `FormData` of the form. */
  name?: string;
  required?: boolean;
  disabled?: boolean;
  /** Shown while nothing is chosen. */
  placeholder?: string;
  /** In front of the chosen text. */
  icon?: IconName;
  /** As wide as its text instead of its container, such as in a toolbar. */
  compact?: boolean;
  autoFocus?: boolean;
};

/** Radix reserves the empty string for "nothing chosen". */
const nothing = '\u0000';
const inside = (value: string) => (value === '' ? nothing : value);
const outside = (value: string) => (value === nothing ? '' : value);

/** One of several options, in groups if wanted. For more than about twenty options use a `Combobox`, which can be searched. */
export function Select<Value extends string>({
  options,
  value,
  defaultValue,
  onChange,
  name,
  required = false,
  disabled = false,
  placeholder = 'Choose…',
  icon,
  compact = false,
  autoFocus = false,
  ...described
}: SelectProps<Value>) {
  const [kept, keep] = useState<string | undefined>(defaultValue);
  const [open, setOpen] = useState(false);
  const { clear } = useForm();
  const chosen = value ?? kept;
  const option = optionsOf(options).find((each) => each.value === chosen);
  const choose = (next: string) => {
    keep(outside(next));
    clear(name);
    onChange?.(outside(next) as Value);
  };
  return (
    <Field {...described} name={name}>
      {(attributes) => (
        <>
          <Radix.Root value={option ? inside(option.value) : ''} onValueChange={choose} onOpenChange={setOpen} disabled={disabled}>
            <Radix.Trigger {...attributes} className={compact ? 'input select compact' : 'input select'} autoFocus={autoFocus}>
              {icon && <Icon name={icon} />}
              <span className="select-text">
                <Radix.Value placeholder={placeholder}>{option?.label}</Radix.Value>
              </span>
              <Icon name="chevronDown" />
            </Radix.Trigger>
            <Radix.Portal>
              <div {...(open && { role: 'region', 'aria-label': `${described.label} options` })}>
                <Radix.Content className="listbox" position="popper" sideOffset={4} collisionPadding={8}>
                  <Radix.Viewport>
                    {options.map((entry) =>
                      isGroup(entry) ? (
                        <Radix.Group key={entry.label}>
                          <Radix.Label className="menu-label">{entry.label}</Radix.Label>
                          {entry.options.map(renderOption)}
                        </Radix.Group>
                      ) : (
                        renderOption(entry)
                      ),
                    )}
                  </Radix.Viewport>
                </Radix.Content>
              </div>
            </Radix.Portal>
          </Radix.Root>
          <HiddenValue name={name} value={option?.value ?? ''} label={described.label} required={required} />
        </>
      )}
    </Field>
  );
}

const renderOption = (option: Option): ReactNode => (
  <Radix.Item key={option.value} value={inside(option.value)} disabled={option.disabled ?? false} className="menu-item">
    {option.icon && <Icon name={option.icon} />}
    <span className="menu-text">
      <Radix.ItemText>{option.label}</Radix.ItemText>
      {option.description && <span className="menu-description">{option.description}</span>}
    </span>
    <Radix.ItemIndicator className="menu-hint">
      <Icon name="check" />
    </Radix.ItemIndicator>
  </Radix.Item>
);
