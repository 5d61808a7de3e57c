import { Dialog as Radix } from 'radix-ui';
import { type ReactNode, useState } from 'react';
import { IconButton } from './buttons.tsx';
import { TextField } from './fields.tsx';
import { FieldError, Form, textOf } from './form.tsx';

type DialogProps = {
  title: string;
  /** Without it, only what the dialog contains can close it. */
  onClose?: () => void;
  children: ReactNode;
  /** A sentence below the title. */
  intro?: ReactNode;
  /** Full height at the right edge. */
  side?: boolean;
  /** For tables and previews. */
  wide?: boolean;
  /** A command palette: without a visible title and a close button. */
  palette?: boolean;
};

/** A modal dialog; open while it is rendered. Escape, the veil and the close button call `onClose`. The focus returns to where it was. */
export function Dialog({ title, onClose, children, intro, side = false, wide = false, palette = false }: DialogProps) {
  const [openers] = useState(() => openersOf(document.activeElement));
  return (
    <Radix.Root open onOpenChange={(open) => !open && onClose?.()}>
      <Radix.Portal>
        <Radix.Overlay className="veil" />
        <Radix.Content
          aria-modal
          onOpenAutoFocus={focusFirstField}
          onCloseAutoFocus={() => returnFocus(openers)}
          className={['dialog', side && 'side', wide && 'wide', palette && 'palette'].filter(Boolean).join(' ')}
          {...(intro === undefined && { 'aria-describedby': undefined })}
        >
          <header className={palette ? 'for-readers' : ''}>
            <div>
              <Radix.Title>{title}</Radix.Title>
              {intro !== undefined && <Radix.Description className="muted">{intro}</Radix.Description>}
            </div>
            {!palette && onClose && (
              <Radix.Close asChild>
                <IconButton label="Close" icon="close" />
              </Radix.Close>
            )}
          </header>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** What opened the dialog, and the same control of the following and of the preceding rows, in case that the dialog removes the row. */
function openersOf(opener: Element | null): (Element | null)[] {
  const row = opener?.closest('tr, li');
  const place = row ? [...row.querySelectorAll('button')].indexOf(opener as HTMLButtonElement) : -1;
  if (!row || place < 0) return [opener];
  const rows = [...(row.parentElement?.children ?? [])];
  const at = rows.indexOf(row);
  const neighbours = [...rows.slice(at + 1, at + 1 + maxNeighbours), ...rows.slice(Math.max(0, at - maxNeighbours), at).toReversed()];
  return [opener, ...neighbours.map((each) => each.querySelectorAll('button')[place] ?? null)];
}

/** More rows than these are seldom gone when the dialog closes. */
const maxNeighbours = 5;

/** To what opened the dialog, or to its neighbor, or to the page if all are gone, such as the button of an empty list. */
function returnFocus(openers: readonly (Element | null)[]) {
  const left = openers.find((each) => each instanceof HTMLElement && each.isConnected);
  if (left instanceof HTMLElement) left.focus();
  else document.querySelector<HTMLElement>('main')?.focus({ preventScroll: true });
}

/** The first field, or the dialog itself: never its close button, nor a button that confirms. */
function focusFirstField(event: Event) {
  event.preventDefault();
  const dialog = event.currentTarget as HTMLElement;
  (dialog.querySelector<HTMLElement>(':is(input:not([type="hidden"]), textarea, [role="combobox"]):enabled') ?? dialog).focus();
}

type ConfirmProps = {
  /** A question that names the thing: `Delete “Production key”?` */
  title: string;
  /** What happens then. */
  children: ReactNode;
  /** Label of the button: the verb of the title. */
  confirm: string;
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
  /** Text that the user must type to confirm. */
  typed?: string;
};

/** Confirms an action that cannot be undone. Closes when the action has succeeded; an error is shown in the dialog. */
export const Confirm = ({ title, children, confirm, onConfirm, onClose, typed }: ConfirmProps) => (
  <Dialog title={title} onClose={onClose}>
    <Form
      submit={confirm}
      kind="danger"
      onCancel={onClose}
      onSubmit={async (values) => {
        if (typed !== undefined && textOf(values, 'typed') !== typed) throw new FieldError('typed', `Type “${typed}” to confirm.`);
        await onConfirm();
        onClose();
      }}
    >
      <div>{children}</div>
      {typed !== undefined && <TextField label={`Type “${typed}” to confirm`} name="typed" autoComplete="off" required />}
    </Form>
  </Dialog>
);
