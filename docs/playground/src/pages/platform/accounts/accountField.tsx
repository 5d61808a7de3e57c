import { useQuery } from '@tanstack/react-query';
import { useDeferredValue, useState } from 'react';
import type { AdminAccount } from '../../../../../../client/index.ts';
import { client } from '../../../session.ts';
import { Command, CommandItem } from '../../../ui/command.tsx';
import { Field } from '../../../ui/fields.tsx';
import { useForm } from '../../../ui/form.tsx';
import { Icon } from '../../../ui/icons.tsx';
import { Popover } from '../../../ui/popover.tsx';

/** As many as fit into the list; more are found by their name. */
const shown = 20;

/** Finds an account by its name, and puts its ID into the form. */
export function AccountField({ name, label = 'Account' }: { name: string; label?: string }) {
  const [text, search] = useState('');
  const [chosen, choose] = useState<AdminAccount>();
  const { clear } = useForm();
  const q = useDeferredValue(text).trim() || undefined;
  const accounts = useQuery({
    queryKey: ['accounts', 'found', q],
    queryFn: () => client.adminAccounts.list({ query: { q, limit: shown } }),
    placeholderData: (before) => before,
  });
  return (
    <Field label={label} name={name}>
      {(attributes) => (
        <>
          <Popover
            label={label}
            className="list"
            trigger={
              <button type="button" {...attributes} className="input select">
                <span className="select-text" data-placeholder={chosen ? undefined : ''}>
                  {chosen?.name ?? 'Choose an account…'}
                </span>
                <Icon name="chevronDown" />
              </button>
            }
          >
            {(close) => (
              <Command
                label={label}
                placeholder="Name or slug"
                search={text}
                onSearch={search}
                filter={false}
                empty={accounts.error ? 'The accounts could not be loaded.' : 'No account matches.'}
              >
                {(accounts.data ?? []).map((account) => (
                  <CommandItem
                    key={account.id}
                    value={account.id}
                    hint={account.type}
                    onSelect={() => {
                      choose(account);
                      clear(name);
                      close();
                    }}
                  >
                    {account.name}
                    <span className="menu-description">{account.slug}</span>
                  </CommandItem>
                ))}
              </Command>
            )}
          </Popover>
          <input type="hidden" name={name} value={chosen?.id ?? ''} data-label={label} data-required />
        </>
      )}
    </Field>
  );
}
