import { type QueryKey, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { messageOf } from '../components/states.tsx';
import { Confirm, Dialog } from '../ui/dialog.tsx';
import { Form } from '../ui/form.tsx';
import { showToast } from '../ui/toasts.tsx';

/** The open dialog of a page. `open((close) => <NewTeam onClose={close} />)` shows one. */
export function useDialog() {
  const [shown, show] = useState<ReactNode>();
  const close = () => show(undefined);
  return [shown, (dialog: (close: () => void) => ReactNode) => show(dialog(close))] as const;
}

export type OpenDialog = ReturnType<typeof useDialog>[1];

type ChangeProps = {
  title: string;
  /** Lists that are loaded again after the change. */
  changes: readonly QueryKey[];
  onClose: () => void;
};

/** Loads lists anew, such as `changed(['teams'])`. */
export function useChanged() {
  const queries = useQueryClient();
  return (...keys: readonly QueryKey[]) => Promise.all(keys.map((queryKey) => queries.invalidateQueries({ queryKey })));
}

type FormDialogProps = ChangeProps & {
  submit?: string;
  kind?: 'primary' | 'danger';
  /** Fields of errors that name none: `{ name_conflict: 'name' }`. */
  fieldOf?: Readonly<Record<string, string>>;
  /** Message after the change. Without it, `onSubmit` shows the result itself, and closes the dialog. */
  done?: string;
  onSubmit: (values: FormData) => Promise<unknown>;
  children: ReactNode | ((error: unknown) => ReactNode);
};

/** A form in a dialog. Closes after the change; an error stays beside its field. */
export function FormDialog({
  title,
  submit = 'Save',
  kind = 'primary',
  fieldOf = {},
  done,
  changes,
  onClose,
  onSubmit,
  children,
}: FormDialogProps) {
  const changed = useChanged();
  const save = async (values: FormData) => {
    await onSubmit(values);
    await changed(...changes);
    if (done === undefined) return;
    onClose();
    showToast(done);
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <Form submit={submit} kind={kind} fieldOf={fieldOf} onCancel={onClose} onSubmit={save}>
        {children}
      </Form>
    </Dialog>
  );
}

type ConfirmDialogProps = ChangeProps & {
  confirm: string;
  done: string;
  /** Text that the user must type. */
  typed?: string;
  action: () => Promise<unknown>;
  children: ReactNode;
};

/** Asks before an action that cannot be undone. `children` tells its consequences. */
export function ConfirmDialog({ changes, done, action, onClose, children, ...rest }: ConfirmDialogProps) {
  const changed = useChanged();
  const run = async () => {
    await action();
    await changed(...changes);
    showToast(done);
  };
  return (
    <Confirm {...rest} onClose={onClose} onConfirm={run}>
      <p>{children}</p>
    </Confirm>
  );
}

/** Runs an action of a menu at once, and shows an error as a toast. */
export function useAction() {
  const changed = useChanged();
  return (action: () => Promise<unknown>, done: string, ...changes: readonly QueryKey[]) =>
    void action()
      .then(() => changed(...changes))
      .then(() => showToast(done))
      .catch((error: unknown) => showToast(messageOf(error), { tone: 'danger' }));
}
