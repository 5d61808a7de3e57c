import { DropdownMenu as Radix } from 'radix-ui';
import { createContext, type ReactElement, type ReactNode, use, useRef } from 'react';
import { Link } from 'wouter';
import { IconButton } from './buttons.tsx';
import { Icon, type IconName } from './icons.tsx';

/** Takes the action of the chosen item. It runs when the menu has closed. */
const AfterClose = createContext<(action: () => void) => void>(() => {});

type MenuProps = {
  /** Accessible name of the menu. */
  label: string;
  /** The button that opens it: an element that passes its props and `ref` on to the DOM. */
  trigger: ReactElement;
  /** `MenuItem`, `MenuChoices` and `MenuSeparator`. */
  children: ReactNode;
  side?: 'top' | 'right' | 'bottom' | 'left';
  align?: 'start' | 'center' | 'end';
};

/** A menu button. Arrow keys and letters move the focus; Escape closes the menu and returns the focus. */
export function Menu({ label, trigger, children, side = 'bottom', align = 'end' }: MenuProps) {
  const chosen = useRef<(() => void) | undefined>(undefined);
  // After the focus has returned to the button: a dialog that the action opens gives it back to the button.
  const runChosen = () => {
    const action = chosen.current;
    chosen.current = undefined;
    if (action) setTimeout(action);
  };
  return (
    <Radix.Root modal={false}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        {/* The menu is outside of the page’s landmarks, so it gets its own. */}
        <section aria-label={`${label} menu`}>
          <Radix.Content
            className="menu"
            aria-label={label}
            aria-labelledby={undefined}
            side={side}
            align={align}
            sideOffset={4}
            collisionPadding={8}
            onCloseAutoFocus={runChosen}
          >
            <AfterClose value={(action) => (chosen.current = action)}>{children}</AfterClose>
          </Radix.Content>
        </section>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** The ⋯ menu of a row. `of` names the row: "More actions for Production key". */
export const RowMenu = ({ of, children }: { of: string; children: ReactNode }) => (
  <Menu label={of} trigger={<IconButton small className="row-menu" icon="more" label={`More actions for ${of}`} />}>
    {children}
  </Menu>
);

type MenuItemProps = {
  children: ReactNode;
  icon?: IconName;
  /** Called when the menu has closed. */
  onSelect?: () => void;
  /** Makes it a link: of this application, or with `external` of another page. */
  href?: string;
  external?: boolean;
  danger?: boolean;
  disabled?: boolean;
  /** At the end of the line, such as a shortcut. */
  hint?: ReactNode;
};

export function MenuItem({ children, icon, onSelect, href, external = false, danger = false, disabled = false, hint }: MenuItemProps) {
  const afterClose = use(AfterClose);
  const content = (
    <>
      {icon && <Icon name={icon} />}
      <span className="menu-text">{children}</span>
      {hint !== undefined && <span className="menu-hint">{hint}</span>}
    </>
  );
  return (
    <Radix.Item
      className={danger ? 'menu-item danger' : 'menu-item'}
      disabled={disabled}
      asChild={href !== undefined}
      onSelect={() => onSelect && afterClose(onSelect)}
    >
      {href === undefined ? content : external ? <a href={href}>{content}</a> : <Link href={href}>{content}</Link>}
    </Radix.Item>
  );
}

type MenuChoicesProps<Value extends string> = {
  label: string;
  value: Value;
  options: readonly { value: Value; label: ReactNode; icon?: IconName }[];
  onChange: (value: Value) => void;
};

/** Radio items: one of them is checked. */
export const MenuChoices = <Value extends string>({ label, value, options, onChange }: MenuChoicesProps<Value>) => (
  <Radix.RadioGroup value={value} onValueChange={(next) => onChange(next as Value)} aria-label={label}>
    <div className="menu-label" aria-hidden="true">
      {label}
    </div>
    {options.map((option) => (
      <Radix.RadioItem key={option.value} value={option.value} className="menu-item">
        {option.icon && <Icon name={option.icon} />}
        <span className="menu-text">{option.label}</span>
        <Radix.ItemIndicator className="menu-hint">
          <Icon name="check" />
        </Radix.ItemIndicator>
      </Radix.RadioItem>
    ))}
  </Radix.RadioGroup>
);

export const MenuLabel = ({ children }: { children: ReactNode }) => <Radix.Label className="menu-label">{children}</Radix.Label>;

export const MenuSeparator = () => <Radix.Separator className="menu-separator" />;
