import { type KeyboardEvent, type ReactNode, useCallback, useEffect, useRef, useState } from 'react';

type MenuProps = {
  button: (attributes: { 'aria-haspopup': 'menu'; 'aria-expanded': boolean; onClick: () => void }) => ReactNode;
  label: string;
  /** Elements with the role `menuitem` or `menuitemradio`. */
  children: ReactNode;
  /** Opens below and to the left by default. */
  place?: 'up from-start' | 'from-start' | '';
};

/** A menu button. Arrow keys move the focus; Escape closes the menu and returns the focus. */
export function Menu({ button, label, children, place = '' }: MenuProps) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const items = useCallback(() => [...(box.current?.querySelectorAll<HTMLElement>('[role^="menuitem"]') ?? [])], []);

  useEffect(() => {
    if (!open) return;
    items()[0]?.focus();
    const leave = (event: Event) => {
      if (!box.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener('pointerdown', leave);
    document.addEventListener('focusin', leave);
    return () => {
      document.removeEventListener('pointerdown', leave);
      document.removeEventListener('focusin', leave);
    };
  }, [open, items]);

  const close = () => {
    setOpen(false);
    box.current?.querySelector<HTMLElement>('[aria-haspopup]')?.focus();
  };
  const move = (event: KeyboardEvent) => {
    const all = items();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (event.key !== 'Escape' && to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    if (to === undefined) close();
    else all.at(to % all.length)?.focus();
  };

  return (
    <div className={`menu ${place}`} ref={box}>
      {button({ 'aria-haspopup': 'menu', 'aria-expanded': open, onClick: () => setOpen(!open) })}
      {open && (
        <div role="menu" aria-label={label} tabIndex={-1} onKeyDown={move} onClick={close}>
          {children}
        </div>
      )}
    </div>
  );
}
