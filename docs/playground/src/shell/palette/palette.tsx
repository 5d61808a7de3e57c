import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useLocation, useRoute } from 'wouter';
import type { Thread } from '../../../../../client/index.ts';
import { threadQuery } from '../../../../../client/react/index.ts';
import { rowsOf } from '../../components/paging.tsx';
import { useMe } from '../../me.ts';
import { client, signOut } from '../../session.ts';
import { areaOf, settingsPages } from '../../settings.ts';
import { chooseTheme } from '../../theme.ts';
import { Command, CommandGroup, CommandItem } from '../../ui/command.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import type { IconName } from '../../ui/icons.tsx';
import { keysOf } from '../shortcuts.ts';
import { Highlighted } from '../threads/highlighted.tsx';
import { titleOf, useThreadList } from '../threads/list.ts';
import { setArchived } from '../threads/mutations.ts';
import { useThreadSearch } from '../threads/search.tsx';
import { snippetText } from '../threads/snippet.ts';
import { openTask, type Task } from '../threads/tasks.ts';

type Action = { name: string; icon: IconName; keywords?: string; hint?: string; run: () => void };

const recentThreads = 6;
const foundThreads = 8;
const settleMs = 150;

/** Threads, actions and settings pages in one list. Loaded on first use. */
export default function Palette({ onHelp, onClose }: { onHelp: () => void; onClose: () => void }) {
  const [text, setText] = useState('');
  const [wanted, setWanted] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setWanted(text.trim()), settleMs);
    return () => clearTimeout(timer);
  }, [text]);
  useEffect(() => {
    // The shortcut that opens the palette closes it, too. Browsers would open their own search.
    const press = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.metaKey || event.ctrlKey)) return;
      event.preventDefault();
      onClose();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [onClose]);
  const [, navigate] = useLocation();
  const go = (path: string) => () => {
    onClose();
    navigate(path);
  };
  const threads = useFoundThreads(text.trim(), wanted);
  const shown = (actions: readonly Action[]) => actions.filter((action) => matches(action, text));
  const actions = shown([...useThreadActions(), ...generalActions(go, onHelp)]);
  const settings = shown(usePageActions(go));
  // Results replace each other while the user types. The first item is highlighted when the highlighted one has gone.
  const [highlighted, highlight] = useState('');
  const values = [...threads.map(({ id }) => id), ...[...actions, ...settings].map(({ name }) => name)];
  const value = values.includes(highlighted) ? highlighted : (values[0] ?? '');
  const render = ({ name, icon, hint, run }: Action) => (
    <CommandItem
      key={name}
      value={name}
      icon={icon}
      hint={hint}
      onSelect={() => {
        onClose();
        run();
      }}
    >
      {name}
    </CommandItem>
  );
  return (
    <Dialog title="Command palette" palette onClose={onClose}>
      <Command
        label="Command palette"
        placeholder="Search chats, pages and actions…"
        search={text}
        onSearch={setText}
        filter={false}
        value={value}
        onValue={highlight}
        empty={text.trim() === wanted ? `Nothing matches “${wanted}”.` : 'Searching…'}
      >
        {threads.length > 0 && (
          <CommandGroup label={text.trim() === '' ? 'Recent chats' : 'Chats'}>
            {threads.map((thread) => (
              <CommandItem key={thread.id} value={thread.id} icon="message" onSelect={go(`/chat/${thread.id}`)}>
                <span className="thread-title">
                  <Highlighted text={titleOf(thread)} wanted={wanted} />
                </span>
                {thread.snippet && (
                  <span className="snippet">
                    <Highlighted text={snippetText(thread.snippet, wanted)} wanted={wanted} />
                  </span>
                )}
              </CommandItem>
            ))}
          </CommandGroup>
        )}
        {actions.length > 0 && <CommandGroup label="Actions">{actions.map(render)}</CommandGroup>}
        {settings.length > 0 && <CommandGroup label="Settings">{settings.map(render)}</CommandGroup>}
      </Command>
    </Dialog>
  );
}

/** Every typed word begins a word of the name or a keyword. */
function matches({ name, keywords = '' }: Action, text: string): boolean {
  const words = `${name} ${keywords}`.toLowerCase().split(/\s+/);
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((typed) => words.some((word) => word.startsWith(typed)));
}

function usePageActions(go: (path: string) => () => void): Action[] {
  const me = useMe().data;
  return settingsPages
    .filter(({ shownTo }) => !shownTo || (me !== undefined && shownTo(me)))
    .map((page) => ({
      name: page.title,
      icon: 'settings',
      keywords: `settings ${areaOf(page)} ${page.group} ${page.keywords ?? ''}`,
      run: go(`/settings/${page.path}`),
    }));
}

const generalActions = (go: (path: string) => () => void, onHelp: () => void): Action[] => [
  { name: 'New chat', icon: 'add', keywords: 'start create', hint: keysOf('newChat').join(' '), run: go('/') },
  { name: 'New project', icon: 'folder', keywords: 'create folder', run: () => openTask({ kind: 'newProject' }) },
  { name: 'Light theme', icon: 'sun', keywords: 'appearance mode', run: () => chooseTheme('light') },
  { name: 'Dark theme', icon: 'moon', keywords: 'appearance mode night', run: () => chooseTheme('dark') },
  { name: 'Theme of the system', icon: 'screen', keywords: 'appearance mode auto', run: () => chooseTheme('system') },
  { name: 'Keyboard shortcuts', icon: 'keyboard', keywords: 'help keys', hint: keysOf('help').join(' '), run: onHelp },
  { name: 'API reference', icon: 'open', keywords: 'docs documentation guides', run: () => location.assign('/docs') },
  { name: 'Sign out', icon: 'logout', keywords: 'log out leave', run: () => void signOut() },
];

/** Actions on the open thread. */
function useThreadActions(): Action[] {
  const [isOpen, params] = useRoute('/chat/:threadId');
  const me = useMe().data;
  const thread = useQuery({ ...threadQuery(client, params?.threadId ?? ''), enabled: isOpen }).data;
  if (!thread || thread.created_by_user_id !== me?.id) return [];
  const task = (name: string, icon: IconName, opened: Task): Action => ({
    name,
    icon,
    keywords: 'chat thread',
    run: () => openTask(opened),
  });
  return [
    task('Share this chat', 'share', { kind: 'share', thread }),
    task('Rename this chat', 'edit', { kind: 'rename', thread }),
    task('Move this chat to a project', 'folder', { kind: 'move', threads: [thread] }),
    {
      name: thread.archived_at ? 'Unarchive this chat' : 'Archive this chat',
      icon: 'archive',
      keywords: 'chat thread',
      run: () => void setArchived([thread], !thread.archived_at),
    },
    task('Delete this chat', 'remove', { kind: 'delete', threads: [thread] }),
  ];
}

/** Without a text the threads that were active last, otherwise those that the server finds. `wanted` is the text after a pause. */
function useFoundThreads(text: string, wanted: string): (Thread & { snippet?: string | null })[] {
  const recent = useThreadList().data ?? [];
  const found = rowsOf(useThreadSearch(wanted).data) ?? [];
  return text === '' ? recent.slice(0, recentThreads) : found.slice(0, foundThreads);
}
