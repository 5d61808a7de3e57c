import { type KeyboardEvent, lazy, type ReactNode, Suspense, useEffect, useMemo, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { takeLostAccount, useMe } from '../me.ts';
import { showToast } from '../ui/toasts.tsx';
import { DrawerContext } from './drawer.ts';
import { ShortcutList } from './shortcutList.tsx';
import { useShortcut } from './shortcuts.ts';
import { Sidebar } from './sidebar.tsx';
import { useTask } from './threads/tasks.ts';
import { VerifyNotice } from './verifyNotice.tsx';

const Palette = lazy(() => import('./palette/palette.tsx'));
const TaskDialog = lazy(() => import('./dialogs/taskDialog.tsx'));

/** Layout of the pages for signed-in users: sidebar and content. */
export function Shell({ children }: { children: ReactNode }) {
  const [isOpen, setOpen] = useState(false);
  const [helps, setHelps] = useState(false);
  const [isPaletteOpen, setPaletteOpen] = useState(false);
  const task = useTask();
  const [path, navigate] = useLocation();
  const me = useMe().data;
  const drawer = useMemo(() => ({ isOpen, open: () => setOpen(true), close: () => setOpen(false) }), [isOpen]);

  useEffect(() => {
    if (takeLostAccount()) showToast('You no longer have access to that workspace. This is another one of yours.');
  }, []);
  useShortcut('help', () => setHelps(true));
  useShortcut('palette', () => setPaletteOpen(true));
  useShortcut('newChat', () => navigate('/'));
  // oxlint-disable-next-line react/exhaustive-effect-dependencies -- navigation closes the drawer
  useEffect(() => setOpen(false), [path]);
  // Move the focus into the drawer and back: the content is inert while the drawer is open.
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
        Skip to content
      </a>
      {/* oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- Escape closes the drawer from any focus */}
      <div className={isOpen ? 'shell drawer-open' : 'shell'} onKeyDown={leave}>
        <Sidebar onHelp={() => setHelps(true)} onPalette={() => setPaletteOpen(true)} />
        {isOpen && <button type="button" className="drawer-veil" aria-label="Close the navigation" tabIndex={-1} onClick={drawer.close} />}
        <main className="content" id="content" tabIndex={-1} inert={isOpen}>
          {me?.email_verification_required && !me.email_verified && <VerifyNotice />}
          {children}
        </main>
      </div>
      {/* In boundaries of their own: while the dialog of an action loads, the palette must be able to close. */}
      <Suspense fallback={null}>
        {isPaletteOpen && <Palette onHelp={() => setHelps(true)} onClose={() => setPaletteOpen(false)} />}
      </Suspense>
      <Suspense fallback={null}>{task && <TaskDialog task={task} />}</Suspense>
      {helps && <ShortcutList onClose={() => setHelps(false)} />}
    </DrawerContext>
  );
}
