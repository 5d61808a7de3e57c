import { Command as Cmdk } from 'cmdk';
import { type ReactNode, useRef } from 'react';
import { Icon, type IconName } from './icons.tsx';

type CommandProps = {
  /** Accessible name of the search field and the list. */
  label: string;
  placeholder?: string;
  /** Shown if the search finds nothing. */
  empty?: ReactNode;
  /** `CommandGroup` and `CommandItem`. */
  children: ReactNode;
  /** With `search` and `onSearch` the caller keeps the text. */
  search?: string;
  onSearch?: (text: string) => void;
  /** False if the caller filters, such as by a request to the server. */
  filter?: boolean;
  /** With `value` and `onValue` the caller keeps the value of the highlighted item. */
  value?: string;
  onValue?: (value: string) => void;
};

/** Every word must occur. Matches at the beginning come first. */
function scoreOf(value: string, search: string, keywords: string[] = []): number {
  const text = [value, ...keywords].join(' ').toLowerCase();
  const wanted = search.toLowerCase().trim();
  if (!wanted.split(/\s+/).every((word) => text.includes(word))) return 0;
  return text.startsWith(wanted) ? 1 : 0.5;
}

/** A list with a search field: arrow keys move, Enter chooses. The content of a command palette or a `Combobox`. */
export function Command({
  label,
  placeholder = 'Search…',
  empty = 'Nothing found.',
  children,
  search,
  onSearch,
  filter = true,
  value,
  onValue,
}: CommandProps) {
  const list = useRef<HTMLDivElement>(null);
  return (
    <Cmdk
      className="command"
      label={label}
      shouldFilter={filter}
      filter={scoreOf}
      loop
      {...(value !== undefined && { value })}
      {...(onValue && { onValueChange: onValue })}
    >
      <div className="command-search">
        <Icon name="search" />
        <Cmdk.Input
          placeholder={placeholder}
          autoFocus
          {...(search !== undefined && { value: search })}
          onValueChange={(text) => {
            onSearch?.(text);
            // The best match is the first one.
            requestAnimationFrame(() => list.current?.scrollTo({ top: 0 }));
          }}
        />
      </div>
      <Cmdk.List ref={list} className="command-list" label={label}>
        <Cmdk.Empty className="command-empty">{empty}</Cmdk.Empty>
        {children}
      </Cmdk.List>
    </Cmdk>
  );
}

export const CommandGroup = ({ label, children }: { label: string; children: ReactNode }) => (
  <Cmdk.Group className="command-group" heading={label}>
    {children}
  </Cmdk.Group>
);

type CommandItemProps = {
  /** Identifies the item; it is searched too. */
  value: string;
  keywords?: readonly string[];
  icon?: IconName;
  onSelect: () => void;
  disabled?: boolean;
  /** At the end of the line, such as a shortcut. */
  hint?: ReactNode;
  children: ReactNode;
};

export const CommandItem = ({ value, keywords = [], icon, onSelect, disabled = false, hint, children }: CommandItemProps) => (
  <Cmdk.Item className="menu-item" value={value} keywords={[...keywords]} onSelect={onSelect} disabled={disabled}>
    {icon && <Icon name={icon} />}
    <span className="menu-text">{children}</span>
    {hint !== undefined && <span className="menu-hint">{hint}</span>}
  </Cmdk.Item>
);
