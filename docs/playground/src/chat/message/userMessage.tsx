import { memo, useState } from 'react';
import type { Message } from '../../../../../client/index.ts';
import { CopyButton, IconButton } from '../../ui/buttons.tsx';
import { TextArea } from '../../ui/fields.tsx';
import { Form } from '../../ui/form.tsx';
import { Attachments } from './attachments.tsx';

type UserMessageProps = {
  message: Message;
  /** Edits the message and starts a new run; undefined while a run is active. */
  onEdit: ((message: Message, text: string) => Promise<unknown>) | undefined;
};

export const UserMessage = memo(({ message, onEdit }: UserMessageProps) => {
  const [isEditing, setEditing] = useState(false);
  const parts = message.content_json?.parts;
  const text = parts ? parts.map((part) => (part.type === 'text' ? part.text : '')).join('\n') : message.content;
  if (isEditing && onEdit)
    return (
      <article className="mine editing" aria-label="Your message">
        <Form
          submit="Send again"
          onCancel={() => setEditing(false)}
          onSubmit={async (values) => {
            await onEdit(message, String(values.get('content')));
            setEditing(false);
          }}
        >
          {() => (
            <TextArea label="Your message" hint="Later messages will be hidden." name="content" defaultValue={text} autoFocus required />
          )}
        </Form>
      </article>
    );
  return (
    <article className="mine" aria-label="Your message">
      {parts && <Attachments parts={parts} />}
      {text !== '' && <p className="bubble">{text}</p>}
      <footer className="under">
        {onEdit && <IconButton small label="Edit the message" icon="edit" onClick={() => setEditing(true)} />}
        <CopyButton text={text} label="Copy the message" />
      </footer>
    </article>
  );
});
