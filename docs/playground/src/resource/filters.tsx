import { Children, type ReactNode, useEffect, useId, useState } from 'react';
import { useSearchParams } from 'wouter';
import { instantIn, useTimeZone } from '../components/timeZone.ts';
import { Button } from '../ui/buttons.tsx';
import { Combobox } from '../ui/combobox.tsx';
import { TextField } from '../ui/fields.tsx';
import type { Options } from '../ui/options.ts';
import { Select } from '../ui/select.tsx';

/** Filters of a list. They are kept in the query of the address, so that a filtered list can be reloaded and shared. */
export type Filters = ReturnType<typeof useFilters>;

/** `useFilters('q', 'status')`: the names of the query parameters. Other parameters are left alone. */
export function useFilters(...names: string[]) {
  const [params, setParams] = useSearchParams();
  const zone = useTimeZone();
  const setAll = (values: Readonly<Record<string, string>>) =>
    setParams(
      (before) => {
        const next = new URLSearchParams(before);
        for (const [name, value] of Object.entries(values)) {
          if (value) next.set(name, value);
          else next.delete(name);
        }
        return next;
      },
      { replace: true },
    );
  return {
    isActive: names.some((name) => params.get(name)),
    count: names.filter((name) => params.get(name)).length,
    /** Undefined if the filter is not set. */
    text: (name: string): string | undefined => params.get(name)?.trim() || undefined,
    /** Undefined unless the address has one of the values. */
    oneOf: <Value extends string>(name: string, values: readonly Value[]): Value | undefined =>
      values.find((value) => value === params.get(name)),
    /** The start of a day in the time zone of the user. */
    day: (name: string): string | undefined => instantIn(`${params.get(name) ?? ''}T00:00`, zone),
    set: (name: string, value: string) => setAll({ [name]: value }),
    setAll,
    clear: () => setParams((before) => new URLSearchParams([...before].filter(([name]) => !names.includes(name))), { replace: true }),
  };
}

type FilterBarProps = {
  /** Absent if the filters are not in the address. */ filters?: Filters | undefined;
  className?: string;
  /** Default: if there are several controls. */ folds?: boolean;
  children: ReactNode;
};

/** The controls of the filters. On a phone the search stays in view, and the others are behind a button, which tells how many filters are set. */
export function FilterBar({ filters, className = 'filters', children, folds = Children.count(children) > 1 }: FilterBarProps) {
  const id = useId();
  const [isOpen, setOpen] = useState(false);
  const count = filters?.count ?? 0;
  if (!folds) return <search className={className}>{children}</search>;
  return (
    <>
      <search id={id} className={isOpen ? className : `${className} folded`}>
        {children}
      </search>
      <div className="filters-toggle">
        <Button icon="filter" aria-expanded={isOpen} aria-controls={id} onClick={() => setOpen(!isOpen)}>
          {count > 0 ? `Filters (${count})` : 'Filters'}
        </Button>
      </div>
    </>
  );
}

/** Pause after the last key, in milliseconds, before a search starts. */
const typingPause = 250;

type SearchFilterProps = { filters: Filters; label?: string; placeholder: string; name?: string };

/** A search field. Its text is in the address as `q`. */
export function SearchFilter({ filters, label = 'Search', placeholder, name = 'q' }: SearchFilterProps) {
  const searched = filters.text(name) ?? '';
  const [text, type] = useState(searched);
  const [known, know] = useState(searched);
  // The address changed otherwise, for example with "Clear filters".
  if (known !== searched) {
    know(searched);
    if (text.trim() !== searched) type(searched);
  }
  const { set } = filters;
  useEffect(() => {
    if (text.trim() === searched) return;
    const timer = setTimeout(() => set(name, text.trim()), typingPause);
    return () => clearTimeout(timer);
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- `set` is new on every render
  }, [text, searched, name]);
  return (
    <TextField
      label={label}
      type="search"
      placeholder={placeholder}
      value={text}
      onChange={({ currentTarget }) => type(currentTarget.value)}
    />
  );
}

type TextFilterProps = {
  filters: Filters;
  label: string;
  name: string;
  options: Options;
  /** Heading of a text that is no option. */
  ownText: string;
};

/** A choice among all rows, those with one of many values, and those with a value that is typed. */
export const TextFilter = ({ filters, label, name, options, ownText }: TextFilterProps) => (
  <Combobox
    label={label}
    value={filters.text(name) ?? ''}
    onChange={(chosen) => filters.set(name, chosen)}
    options={[{ value: '', label: 'All' }, ...options]}
    ownText={ownText}
  />
);

type Choices = readonly (readonly [value: string, text: string])[];

/** A choice among all rows and those with one of some values. */
export function ChoiceFilter({ filters, label, name, options }: { filters: Filters; label: string; name: string; options: Choices }) {
  const all: Choices = [['', 'All'], ...options];
  return (
    <Select
      label={label}
      value={
        filters.oneOf(
          name,
          all.map(([value]) => value),
        ) ?? ''
      }
      onChange={(chosen) => filters.set(name, chosen)}
      options={all.map(([value, text]) => ({ value, label: text }))}
    />
  );
}

/** A choice for users and accounts. */
export const StatusFilter = ({ filters }: { filters: Filters }) => (
  <ChoiceFilter
    filters={filters}
    label="Status"
    name="status"
    options={[
      ['active', 'Active'],
      ['suspended', 'Suspended'],
    ]}
  />
);

/** What `StatusFilter` has set. */
export const statusOf = (filters: Filters) => filters.oneOf('status', ['active', 'suspended']);

/** A day. The address has it as `2026-11-28`. */
export const DateFilter = ({ filters, label, name }: { filters: Filters; label: string; name: string }) => (
  <TextField
    label={label}
    type="date"
    value={filters.text(name) ?? ''}
    onChange={({ currentTarget }) => filters.set(name, currentTarget.value)}
  />
);
