import { Popover as Radix } from 'radix-ui';
import { type ReactNode, useId, useState } from 'react';
import { Command, CommandGroup, CommandItem } from './command.tsx';
import { type Described, Field, HiddenValue } from './fields.tsx';
import { useForm } from './form.tsx';
import { Icon, type IconName } from './icons.tsx';
import { isGroup, type Option, type Options, optionsOf } from './options.ts';

type ComboboxProps<Value extends string> = Described & {
  options: Options<Value>;
  value?: Value;
  defaultValue?: Value;
  onChange?: (value: Value) => void;
  name?: string;
  required?: boolean;
  disabled?: boolean;
  placeholder?: string;
  /** Placeholder of the search field. */
  search?: string;
  /** Shown if the search finds nothing. */
  empty?: ReactNode;
  icon?: IconName;
  compact?: boolean;
  /** Offers the text of the search as a value of its own, under this heading. */
  ownText?: string;
};

/** What identifies an option in the list, and is searched. */
const itemValueOf = ({ label, value }: Option) => `${label} ${value}`.trim();

const ownOption = <Value extends string>(value: Value): Option<Value> => ({ value, label: value });

/** A select that can be searched. Same props as `Select`. */
export function Combobox<Value extends string>({
  options,
  value,
  defaultValue,
  onChange,
  name,
  required = false,
  disabled = false,
  placeholder = 'Choose…',
  search = 'Search…',
  empty,
  icon,
  compact = false,
  ownText,
  ...described
}: ComboboxProps<Value>) {
  const [open, setOpen] = useState(false);
  const [highlighted, highlight] = useState('');
  const [typed, type] = useState('');
  const [kept, keep] = useState<string | undefined>(defaultValue);
  const labelId = useId();
  const { clear } = useForm();
  const current = value ?? kept;
  const chosen = optionsOf(options).find((each) => each.value === current) ?? (ownText && current ? ownOption(current) : undefined);
  const own = typed.trim();
  const isOwnOffered = ownText !== undefined && own !== '' && !optionsOf(options).some((each) => each.value === own);
  const choose = (option: Option<Value>) => {
    keep(option.value);
    clear(name);
    setOpen(false);
    onChange?.(option.value);
  };
  const render = (option: Option<Value>) => (
    <CommandItem
      key={option.value}
      value={itemValueOf(option)}
      keywords={option.keywords ?? []}
      disabled={option.disabled ?? false}
      onSelect={() => choose(option)}
      hint={option === chosen && <Icon name="check" />}
      {...(option.icon && { icon: option.icon })}
    >
      {option.label}
      {option.description && <span className="menu-description">{option.description}</span>}
    </CommandItem>
  );
  return (
    <Field {...described} name={name} labelId={labelId}>
      {(attributes) => (
        <>
          <Radix.Root
            open={open}
            onOpenChange={(next) => {
              // The list begins at the chosen option.
              if (next) highlight(chosen ? itemValueOf(chosen) : '');
              type('');
              setOpen(next);
            }}
          >
            <Radix.Trigger
              {...attributes}
              className={compact ? 'input select compact' : 'input select'}
              disabled={disabled}
              aria-labelledby={`${labelId} ${labelId}-text`}
            >
              {icon && <Icon name={icon} />}
              <span className="select-text" id={`${labelId}-text`} data-placeholder={chosen ? undefined : ''}>
                {chosen?.label ?? placeholder}
              </span>
              <Icon name="chevronDown" />
            </Radix.Trigger>
            <Radix.Portal>
              <Radix.Content className="popover list" align="start" sideOffset={4} collisionPadding={8} aria-label={described.label}>
                <Command label={described.label} placeholder={search} empty={empty} value={highlighted} onValue={highlight} onSearch={type}>
                  {options.map((entry) =>
                    isGroup(entry) ? (
                      <CommandGroup key={entry.label} label={entry.label}>
                        {entry.options.map(render)}
                      </CommandGroup>
                    ) : (
                      render(entry)
                    ),
                  )}
                  {isOwnOffered && <CommandGroup label={ownText}>{render(ownOption(own as Value))}</CommandGroup>}
                </Command>
              </Radix.Content>
            </Radix.Portal>
          </Radix.Root>
          <HiddenValue name={name} value={chosen?.value ?? ''} label={described.label} required={required} />
        </>
      )}
    </Field>
  );
}
