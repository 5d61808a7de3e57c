import { useState } from 'react';
import type { FilePart, ImagePart, StagedAttachment } from '../../../../client/index.ts';
import { IconButton } from '../parts/buttons.tsx';
import { fileSize } from '../parts/format.tsx';
import { messageOf } from '../parts/states.tsx';
import { client } from '../session.ts';

/** What a file chooser shows: pictures and texts, as the API takes them. */
export const acceptedFiles = 'image/png,image/jpeg,image/webp,image/gif,text/*,application/json,.md,.csv,.log,.yaml,.yml,.ts,.py';

/** A file on its way to a message: being sent, there, or refused. */
type Staged = { id: number; file: File; sent?: StagedAttachment; error?: unknown };

let count = 0;

/** The files that will go with the next message. */
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

/** The files, as they will be sent. */
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
          <IconButton small label={`Leave out ${file.name}`} icon="close" onClick={() => remove(id)} />
        </li>
      ))}
    </ul>
  );

function partOf({ key, filename, mime_type, size, kind, extracted_text }: StagedAttachment): ImagePart | FilePart {
  const attachment = { key, filename, mime_type, size };
  return kind === 'image' ? { type: 'image', attachment } : { type: 'file', attachment, extracted_text };
}
