import { useDeferredValue, useEffect, useRef, useState } from 'react';
import { Link } from 'wouter';
import { Brand } from '../components/brand.tsx';
import { IconButton } from '../ui/buttons.tsx';
import { Icon } from '../ui/icons.tsx';
import { useDrawer } from './drawer.ts';
import { keysOf, useShortcut } from './shortcuts.ts';
import { Threads } from './threads.tsx';
import { FoundThreads } from './threads/search.tsx';
import { SelectionContext, useNewSelection } from './threads/selection.ts';
import { SelectionBar } from './threads/selectionBar.tsx';
import { useThreadSync } from './threads/sync.ts';
import { UserMenu } from './userMenu.tsx';

type SidebarProps = { onHelp: () => void; onPalette: () => void };

/** Threads, search and user menu. */
export function Sidebar({ onHelp, onPalette }: SidebarProps) {
  const [wanted, setWanted] = useState('');
  const search = useRef<HTMLInputElement>(null);
  const drawer = useDrawer();
  const query = useSettled(useDeferredValue(wanted.trim()));
  const selection = useNewSelection();
  useThreadSync();
  useShortcut('search', () => {
    drawer.open();
    requestAnimationFrame(() => search.current?.focus());
  });
  return (
    <aside className="sidebar" aria-label="Navigation">
      <header>
        <Brand />
        <IconButton className="close-drawer" label="Close the navigation" icon="close" onClick={drawer.close} />
      </header>
      <div className="tools">
        <Link className="button secondary" href="/" title={keysOf('newChat').join(' ')} onClick={drawer.close}>
          <Icon name="add" />
          New chat
        </Link>
        <div className="search">
          <Icon name="search" />
          <input
            ref={search}
            className="input"
            type="search"
            aria-label="Search chats"
            placeholder="Search chats"
            maxLength={200}
            value={wanted}
            onChange={({ currentTarget }) => setWanted(currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key !== 'Escape' || wanted === '') return;
              event.stopPropagation();
              setWanted('');
            }}
          />
          {wanted === '' ? (
            <button type="button" className="palette-button" onClick={onPalette}>
              <span className="for-readers">Command palette</span>
              <Icon name="bolt" />
              {keysOf('palette').map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </button>
          ) : (
            <IconButton
              small
              className="clear-search"
              label="Clear the search"
              icon="close"
              onClick={() => {
                setWanted('');
                search.current?.focus();
              }}
            />
          )}
        </div>
      </div>
      <SelectionContext value={selection}>
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- Escape ends the selection from any checkbox */}
        <nav aria-label="Threads" onKeyDown={({ key }) => key === 'Escape' && selection.end()}>
          {query === '' ? <Threads /> : <FoundThreads wanted={query} />}
        </nav>
        <SelectionBar />
      </SelectionContext>
      <footer>
        <UserMenu onHelp={onHelp} />
      </footer>
    </aside>
  );
}

const settleMs = 150;

/** The text of a search after the user has paused, so that not each letter is a request. An emptied search shows at once. */
function useSettled(text: string): string {
  const [settled, settle] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => settle(text), settleMs);
    return () => clearTimeout(timer);
  }, [text]);
  return text === '' ? '' : settled;
}
