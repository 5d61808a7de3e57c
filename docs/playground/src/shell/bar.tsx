import type { ReactNode } from 'react';
import { IconButton } from '../parts/buttons.tsx';
import { useDrawer } from './drawer.ts';

/** The line above a page: its name and what can be done with it. */
export function Bar({ title, children }: { title: ReactNode; children?: ReactNode }) {
  const drawer = useDrawer();
  return (
    <header className="bar">
      <IconButton className="open-drawer" label="Open the navigation" icon="menu" aria-expanded={drawer.isOpen} onClick={drawer.open} />
      {title === '' ? <span className="bar-space" /> : <h1>{title}</h1>}
      {children}
    </header>
  );
}
