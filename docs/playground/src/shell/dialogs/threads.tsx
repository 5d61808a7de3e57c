import { useState } from 'react';
import type { Thread } from '../../../../../client/index.ts';
import { Confirm, Dialog } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/fields.tsx';
import { Form, textOf } from '../../ui/form.tsx';
import { titleOf } from '../threads/list.ts';
import { countOf, deleteThreads, useRename } from '../threads/mutations.ts';

type AboutThreads = { threads: readonly Thread[]; onDone?: () => void; onClose: () => void };

export function RenameDialog({ thread, onClose }: { thread: Thread; onClose: () => void }) {
  const rename = useRename(thread);
  return (
    <Dialog title="Rename the chat" onClose={onClose}>
      <Form
        submit="Rename"
        onCancel={onClose}
        onSubmit={async (values) => {
          await rename.mutateAsync(textOf(values, 'title') || null);
          onClose();
        }}
      >
        <TextField
          label="Title"
          name="title"
          defaultValue={thread.title ?? ''}
          maxLength={200}
          hint="Leave empty to get a title with the next answer."
          autoFocus
        />
      </Form>
    </Dialog>
  );
}

/** The most titles that the question lists. */
const listed = 5;

export function DeleteDialog({ threads, onDone, onClose }: AboutThreads) {
  const [done, setDone] = useState(0);
  const [first] = threads;
  const isOne = threads.length === 1 && first !== undefined;
  return (
    <Confirm
      title={isOne ? `Delete “${titleOf(first)}”?` : `Delete ${countOf(threads)}?`}
      confirm={isOne ? 'Delete' : `Delete ${countOf(threads)}`}
      onConfirm={async () => {
        await deleteThreads(threads, setDone);
        onDone?.();
      }}
      onClose={onClose}
    >
      {isOne ? (
        <p>The chat and all its messages will be deleted. A running answer is stopped, and shared links stop working.</p>
      ) : (
        <>
          <p>These chats and all their messages will be deleted. Running answers are stopped, and shared links stop working.</p>
          <ul className="titles">
            {threads.slice(0, listed).map((thread) => (
              <li key={thread.id}>{titleOf(thread)}</li>
            ))}
            {threads.length > listed && <li className="muted">and {threads.length - listed} more</li>}
          </ul>
        </>
      )}
      {done > 0 && (
        <output>
          {done} of {threads.length} deleted
        </output>
      )}
    </Confirm>
  );
}
