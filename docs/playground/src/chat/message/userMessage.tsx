import { memo, useState } from 'react';
import type { Message } from '../../../../../client/index.ts';
import { CopyButton, IconButton } from '../../ui/buttons.tsx';
import { TextArea } from '../../ui/fields.tsx';
import { Form } from '../../ui/form.tsx';
import { Attachments } from './attachments.tsx';
import { textOf } from './content.ts';

type UserMessageProps = {
  message: Message;
  /** Edits the message and starts a new run; undefined while a run is active. */
  onEdit: ((message: Message, text: string) => Promise<unknown>) | undefined;
};

export const UserMessage = memo(({ message, onEdit }: UserMessageProps) => {
  const [isEditing, setEditing] = useState(false);
  const attachments = message.content_json?.parts.filter(({ type }) => type !== 'text') ?? [];
  const text = textOf(message);
  if (isEditing && onEdit)
    return (
      <article className="mine editing" aria-label="Your message">
        {attachments.length > 0 && <Attachments parts={attachments} />}
        <Form
          submit="Send again"
          onCancel={() => setEditing(false)}
          onSubmit={async (values) => {
            await onEdit(message, String(values.get('content')));
            setEditing(false);
          }}
        >
          {() => (
            <TextArea
              label="Your message"
              hint="Later messages will be hidden."
              name="content"
              defaultValue={text}
              autoFocus
              required={attachments.length === 0}
            />
          )}
        </Form>
      </article>
    );
  return (
    <article className="mine" aria-label="Your message">
      {attachments.length > 0 && <Attachments parts={attachments} />}
      {text !== '' && <Bubble text={text} />}
      <footer className="under">
        {onEdit && <IconButton small label="Edit the message" icon="edit" onClick={() => setEditing(true)} />}
        {text !== '' && <CopyButton text={text} label="Copy the message" />}
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
