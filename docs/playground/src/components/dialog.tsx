import { type ReactNode, useEffect, useId, useRef } from 'react';
import { IconButton } from './forms/buttons.tsx';
import { Form, TextField, textOf } from './forms/fields.tsx';

type DialogProps = {
  title: string;
  onClose: () => void;
  children: ReactNode;
  /** Full height at the right edge. */
  side?: boolean;
};

/** A modal dialog; open while it is rendered. The browser traps the focus, and Escape closes it. */
export function Dialog({ title, onClose, children, side = false }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const opener = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (opener instanceof HTMLElement) opener.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      className={side ? 'dialog side' : 'dialog'}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <header>
        <h2 id={id}>{title}</h2>
        <IconButton label="Close" icon="close" onClick={onClose} />
      </header>
      {children}
    </dialog>
  );
}

type ConfirmProps = {
  title: string;
  children: ReactNode;
  /** Label of the button. */
  confirm: string;
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
  /** Text that the user must type to confirm. */
  typed?: string;
};

/** Confirms an action that cannot be undone. Closes when the action has succeeded. */
export const Confirm = ({ title, children, confirm, onConfirm, onClose, typed }: ConfirmProps) => (
  <Dialog title={title} onClose={onClose}>
    <Form
      submit={confirm}
      kind="danger filled"
      onCancel={onClose}
      onSubmit={async (values) => {
        if (typed !== undefined && textOf(values, 'typed') !== typed) throw new Error(`Type “${typed}” to confirm.`);
        await onConfirm();
        onClose();
      }}
    >
      {() => (
        <>
          <div>{children}</div>
          {typed !== undefined && <TextField label={`Type “${typed}” to confirm`} name="typed" autoComplete="off" required />}
        </>
      )}
    </Form>
  </Dialog>
);
