import { type KeyboardEvent, type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { useMe } from '../me.ts';
import { DrawerContext } from './drawer.ts';
import { ShortcutList } from './shortcutList.tsx';
import { useShortcut } from './shortcuts.ts';
import { Sidebar } from './sidebar.tsx';
import { VerifyNotice } from './verifyNotice.tsx';

/** The frame of every page for who is signed in: the sidebar, and the page beside it. */
export function Shell({ children }: { children: ReactNode }) {
  const [isOpen, setOpen] = useState(false);
  const [helps, setHelps] = useState(false);
  const [path, navigate] = useLocation();
  const me = useMe().data;
  const drawer = useMemo(() => ({ isOpen, open: () => setOpen(true), close: () => setOpen(false) }), [isOpen]);

  useShortcut('help', () => setHelps(true));
  useShortcut('newChat', () => navigate('/'));
  // biome-ignore lint/correctness/useExhaustiveDependencies: whoever went somewhere wants to see it
  useEffect(() => setOpen(false), [path]);
  // The focus goes into the drawer and comes back: what is behind it can be reached again only when it is closed.
  const wasOpen = useRef(false);
  useEffect(() => {
    if (isOpen !== wasOpen.current) document.querySelector<HTMLElement>(isOpen ? '.close-drawer' : '.open-drawer')?.focus();
    wasOpen.current = isOpen;
  }, [isOpen]);

  const leave = (event: KeyboardEvent) => {
    if (event.key === 'Escape') setOpen(false);
  };
  return (
    <DrawerContext value={drawer}>
      <a className="skip" href="#content">
        Go to the content
      </a>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: Escape closes the drawer wherever the focus is */}
      <div className={isOpen ? 'shell drawer-open' : 'shell'} onKeyDown={leave}>
        <Sidebar onHelp={() => setHelps(true)} />
        {isOpen && <button type="button" className="drawer-veil" aria-label="Close the navigation" tabIndex={-1} onClick={drawer.close} />}
        <main className="content" id="content" tabIndex={-1} inert={isOpen}>
          {me?.email_verification_required && !me.email_verified && <VerifyNotice />}
          {children}
        </main>
      </div>
      {helps && <ShortcutList onClose={() => setHelps(false)} />}
    </DrawerContext>
  );
}
