import { useDeferredValue, useRef, useState } from 'react';
import { Link } from 'wouter';
import { Brand } from '../components/brand.tsx';
import { IconButton } from '../ui/buttons.tsx';
import { Icon } from '../ui/icons.tsx';
import { useDrawer } from './drawer.ts';
import { keysOf, useShortcut } from './shortcuts.ts';
import { FoundThreads, Threads } from './threads.tsx';
import { UserMenu } from './userMenu.tsx';

/** Threads, search and user menu. */
export function Sidebar({ onHelp }: { onHelp: () => void }) {
  const [wanted, setWanted] = useState('');
  const search = useRef<HTMLInputElement>(null);
  const drawer = useDrawer();
  const query = useDeferredValue(wanted.trim());
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
        <Link className="button" href="/" title={keysOf('newChat').join(' ')} onClick={drawer.close}>
          <Icon name="add" />
          New chat
        </Link>
        <div className="search">
          <Icon name="search" />
          <input
            ref={search}
            className="input"
            type="search"
            aria-label="Search the threads"
            placeholder="Search"
            value={wanted}
            onChange={({ currentTarget }) => setWanted(currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key !== 'Escape' || wanted === '') return;
              event.stopPropagation();
              setWanted('');
            }}
          />
        </div>
      </div>
      <nav aria-label="Threads">{query === '' ? <Threads /> : <FoundThreads wanted={query} />}</nav>
      <footer>
        <UserMenu onHelp={onHelp} />
      </footer>
    </aside>
  );
}
