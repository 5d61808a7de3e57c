import type { ReactNode } from 'react';
import { IconButton } from '../ui/buttons.tsx';
import { useDrawer } from './drawer.ts';

/** Header of a page: title and actions. */
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
