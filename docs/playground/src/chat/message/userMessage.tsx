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
      {text !== '' && <Bubble text={text} />}
      <footer className="under">
        {onEdit && <IconButton small label="Edit the message" icon="edit" onClick={() => setEditing(true)} />}
        <CopyButton text={text} label="Copy the message" />
      </footer>
    </article>
  );
});

const maxLines = 12;
const maxCharacters = 1_200;

/** A long text is collapsed, so that the answer stays near. */
function Bubble({ text }: { text: string }) {
  const [isOpen, setOpen] = useState(false);
  const isLong = text.length > maxCharacters || text.split('\n', maxLines + 1).length > maxLines;
  if (!isLong) return <p className="bubble">{text}</p>;
  const excerpt = text.slice(0, maxCharacters).split('\n', maxLines).join('\n').trimEnd();
  return (
    <div className={isOpen ? 'bubble long' : 'bubble long closed'}>
      <p>{isOpen ? text : excerpt}</p>
      <button type="button" className="link" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        {isOpen ? 'Show less' : 'Show more'}
      </button>
    </div>
  );
}
