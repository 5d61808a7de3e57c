import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { MessagePart } from '../../../../../client/index.ts';
import { fileSize } from '../../components/format.tsx';
import { client } from '../../session.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Icon } from '../../ui/icons.tsx';
import { useObjectUrl } from './markdown/objectUrl.ts';

type Attached = Extract<MessagePart, { type: 'image' | 'file' }>['attachment'];

export const Attachments = ({ parts }: { parts: readonly MessagePart[] }) => (
  <ul className="attachments">
    {parts.map((part) =>
      part.type === 'text' ? null : (
        <li key={part.attachment.key}>
          {part.type === 'image' ? <Picture attachment={part.attachment} /> : <File attachment={part.attachment} />}
        </li>
      ),
    )}
  </ul>
);

const File = ({ attachment: { filename, size } }: { attachment: Attached }) => (
  <span className="file">
    <Icon name="attach" />
    {filename}
    <span className="muted small">{fileSize(size)}</span>
  </span>
);

/** Images are fetched with the access token, which an `img` URL cannot send. */
function Picture({ attachment }: { attachment: Attached }) {
  const { key, filename } = attachment;
  const bytes = useQuery({
    queryKey: ['attachment', key],
    queryFn: () => client.attachments.get({ params: { key } }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const address = useObjectUrl(bytes.data instanceof Blob ? bytes.data : undefined, attachment.mime_type);
  const [isLarge, setLarge] = useState(false);
  if (bytes.error) return <File attachment={attachment} />;
  return (
    <>
      <button type="button" className="picture" aria-label={`Enlarge ${filename}`} onClick={() => setLarge(true)}>
        {address && <img src={address} alt={filename} />}
      </button>
      {isLarge && (
        <Dialog title={filename} onClose={() => setLarge(false)} wide>
          <img className="large-picture" src={address} alt={filename} />
        </Dialog>
      )}
    </>
  );
}
