import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { MessagePart, ShareView } from '../../../../../client/index.ts';
import { textOf } from '../../chat/message/content.ts';
import { Markdown } from '../../chat/message/markdown.tsx';
import { fileSize } from '../../components/format.tsx';
import { messageOf } from '../../components/states.tsx';
import { client } from '../../session.ts';
import { Button, CopyButton } from '../../ui/buttons.tsx';
import { Icon } from '../../ui/icons.tsx';
import { showToast } from '../../ui/toasts.tsx';

type Message = Extract<ShareView, { requires_password: false }>['messages'][number];
type Attached = Extract<MessagePart, { type: 'image' | 'file' }>['attachment'];

/** What opens the attachments of a share. */
type Access = { share_token: string; session_token: string | undefined };

export function SharedMessage({ message, access }: { message: Message; access: Access }) {
  const parts = message.content_json?.parts ?? [];
  const text = textOf(message);
  if (message.role === 'assistant')
    return (
      <article className="answer" aria-label="Answer">
        <Markdown text={text} />
        <Attachments parts={parts} access={access} />
        {message.completion !== 'complete' && <p className="muted small">This answer is incomplete.</p>}
        <footer className="under">
          <CopyButton text={text} label="Copy the answer" />
        </footer>
      </article>
    );
  return (
    <article className="mine" aria-label="Question">
      <Attachments parts={parts} access={access} />
      {text !== '' && <p className="bubble">{text}</p>}
    </article>
  );
}

const Attachments = ({ parts, access }: { parts: readonly MessagePart[]; access: Access }) => (
  <ul className="attachments">
    {parts.map((part) =>
      part.type === 'text' ? null : (
        <li key={part.attachment.key}>
          {part.type === 'image' ? (
            <Picture attachment={part.attachment} access={access} />
          ) : (
            <File attachment={part.attachment} access={access} />
          )}
        </li>
      ),
    )}
  </ul>
);

type AttachmentProps = { attachment: Attached; access: Access };

const load = async ({ attachment: { key }, access }: AttachmentProps): Promise<Blob> => {
  const bytes: unknown = await client.attachments.get({ params: { key }, query: access });
  if (!(bytes instanceof Blob)) throw new Error('The file is empty.');
  return bytes;
};

function File(props: AttachmentProps) {
  const { filename, size } = props.attachment;
  const save = async () => {
    try {
      const url = URL.createObjectURL(await load(props));
      Object.assign(document.createElement('a'), { href: url, download: filename }).click();
      setTimeout(() => URL.revokeObjectURL(url), 10_000);
    } catch (error) {
      showToast(messageOf(error));
    }
  };
  return (
    <Button icon="attach" onClick={() => void save()}>
      {filename} <span className="muted small">{fileSize(size)}</span>
    </Button>
  );
}

function Picture(props: AttachmentProps) {
  const { key, filename } = props.attachment;
  const bytes = useQuery({ queryKey: ['shared-attachment', key], queryFn: () => load(props), staleTime: Number.POSITIVE_INFINITY });
  const [address, setAddress] = useState<string>();
  useEffect(() => {
    if (!bytes.data) return;
    const made = URL.createObjectURL(bytes.data);
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [bytes.data]);
  if (bytes.error)
    return (
      <span className="file">
        <Icon name="attach" />
        {filename}
      </span>
    );
  return <span className="picture">{address && <img src={address} alt={filename} />}</span>;
}
