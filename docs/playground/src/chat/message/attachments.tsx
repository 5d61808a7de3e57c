import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { MessagePart } from '../../../../../client/index.ts';
import { fileSize } from '../../components/format.tsx';
import { client } from '../../session.ts';
import { Icon } from '../../ui/icons.tsx';

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
  const [address, setAddress] = useState<string>();
  useEffect(() => {
    if (!(bytes.data instanceof Blob)) return;
    const made = URL.createObjectURL(bytes.data);
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [bytes.data]);
  if (bytes.error) return <File attachment={attachment} />;
  return <span className="picture">{address && <img src={address} alt={filename} />}</span>;
}
