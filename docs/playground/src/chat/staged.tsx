import { useState } from 'react';
import type { FilePart, ImagePart, StagedAttachment } from '../../../../client/index.ts';
import { fileSize } from '../components/format.tsx';
import { messageOf } from '../components/states.tsx';
import { client } from '../session.ts';
import { IconButton } from '../ui/buttons.tsx';

/** File types that the API accepts. */
export const acceptedFiles = 'image/png,image/jpeg,image/webp,image/gif,text/*,application/json,.md,.csv,.log,.yaml,.yml,.ts,.py';

/** A file for the next message: `sent` after the upload, `error` if it failed. */
type Staged = { id: number; file: File; sent?: StagedAttachment; error?: unknown };

let count = 0;

export function useStaged() {
  const [list, setList] = useState<readonly Staged[]>([]);
  const settle = (id: number, outcome: Partial<Staged>) =>
    setList((all) => all.map((each) => (each.id === id ? { ...each, ...outcome } : each)));
  return {
    list,
    isBusy: list.some(({ sent, error }) => sent === undefined && error === undefined),
    parts: list.flatMap(({ sent }) => (sent ? [partOf(sent)] : [])),
    add(files: Iterable<File>) {
      for (const file of files) {
        const id = ++count;
        setList((all) => [...all, { id, file }]);
        client.attachments.stage({ body: { file } }).then(
          (sent) => settle(id, { sent }),
          (error: unknown) => settle(id, { error }),
        );
      }
    },
    remove: (id: number) => setList((all) => all.filter((each) => each.id !== id)),
    clear: () => setList([]),
  };
}

export const StagedFiles = ({ staged: { list, remove } }: { staged: ReturnType<typeof useStaged> }) =>
  list.length > 0 && (
    <ul className="attachments" aria-label="Files for the message">
      {list.map(({ id, file, sent, error }) => (
        <li key={id} className="file">
          {!sent && error === undefined && <span className="spinner" />}
          {file.name}
          <span className={error === undefined ? 'muted small' : 'problem small'}>
            {error === undefined ? fileSize(file.size) : messageOf(error)}
          </span>
          <IconButton small label={`Remove ${file.name}`} icon="close" onClick={() => remove(id)} />
        </li>
      ))}
    </ul>
  );

function partOf({ key, filename, mime_type, size, kind, extracted_text }: StagedAttachment): ImagePart | FilePart {
  const attachment = { key, filename, mime_type, size };
  return kind === 'image' ? { type: 'image', attachment } : { type: 'file', attachment, extracted_text };
}
