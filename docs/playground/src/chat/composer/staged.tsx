import { useEffect, useState } from 'react';
import type { FilePart, ImagePart, StagedAttachment } from '../../../../../client/index.ts';
import { fileSize } from '../../components/format.tsx';
import { messageOf } from '../../components/states.tsx';
import { client } from '../../session.ts';
import { IconButton } from '../../ui/buttons.tsx';

/** File types that the API accepts. */
export const acceptedFiles =
  'image/png,image/jpeg,image/webp,image/gif,text/*,application/json,.md,.csv,.log,.yaml,.yml,.ts,.py,.pdf,.docx,.xlsx,.pptx';

/** Characters of a message that the API accepts. */
export const maxCharacters = 20_000;
/** Characters of attached text in one message that the API gives to the model. */
const maxAttachedCharacters = 40_000;

/** A file for the next message: `sent` after the upload, `error` if it failed. `text` is that of a long text that became a file. */
type Staged = { id: number; file: File; text?: string | undefined; sent?: StagedAttachment; error?: unknown };

let count = 0;

/** Files that could not be attached, by the key of the draft. They stay until the user removes them. */
const rejected = new Map<string, readonly Staged[]>();

const isRejected = ({ error }: Staged): boolean => error !== undefined;

/** Shows the files that a new chat could not attach in the chat that it became. */
export function moveRejected(from: string, to: string) {
  rejected.set(to, rejected.get(from) ?? []);
  rejected.delete(from);
}

export function useStaged(draftOf: string) {
  const [list, setList] = useState(() => rejected.get(draftOf) ?? []);
  useEffect(() => void rejected.set(draftOf, list.filter(isRejected)), [draftOf, list]);
  const settle = (id: number, outcome: Partial<Staged>) =>
    setList((all) => all.map((each) => (each.id === id ? { ...each, ...outcome } : each)));
  const add = (file: File, text?: string) => {
    const id = ++count;
    setList((all) => [...all, { id, file, text }]);
    client.attachments.stage({ body: { file } }).then(
      (sent) => settle(id, { sent }),
      (error: unknown) => settle(id, { error }),
    );
  };
  return {
    list,
    isBusy: list.some(({ sent, error }) => sent === undefined && error === undefined),
    parts: partsOf(list),
    add(files: Iterable<File>) {
      for (const file of files) add(file);
    },
    /** Attaches a text that is too long for a message. */
    addText: (text: string) => add(new File([text], nameOfText(list), { type: 'text/plain' }), text),
    remove: (id: number) => setList((all) => all.filter((each) => each.id !== id)),
    clear: () => setList((all) => all.filter(isRejected)),
  };
}

function nameOfText(list: readonly Staged[]): string {
  const pasted = list.filter(({ text }) => text !== undefined).length;
  return pasted === 0 ? 'pasted-text.txt' : `pasted-text-${pasted + 1}.txt`;
}

export const StagedFiles = ({ staged: { list, remove } }: { staged: ReturnType<typeof useStaged> }) =>
  list.length > 0 && (
    <ul className="attachments" aria-label="Files for the message">
      {list.map(({ id, file, text, sent, error }) => (
        <li key={id} className="file">
          {!sent && error === undefined && <span className="spinner" />}
          {file.name}
          <span className={error === undefined ? 'muted small' : 'problem small'}>
            {error === undefined ? fileSize(file.size) : `Not attached: ${messageOf(error)}`}
            {text !== undefined && text.length > maxAttachedCharacters && ' · the model reads the first 40,000 characters'}
          </span>
          <IconButton small label={`Remove ${file.name}`} icon="close" onClick={() => remove(id)} />
        </li>
      ))}
    </ul>
  );

/** The upload returns the beginning of a text. The model gets as much of a long pasted text as the other files leave room for. */
function partsOf(list: readonly Staged[]): (ImagePart | FilePart)[] {
  let room =
    maxAttachedCharacters - list.reduce((sum, { text, sent }) => sum + (text === undefined ? (sent?.extracted_text?.length ?? 0) : 0), 0);
  return list.flatMap(({ text, sent }): (ImagePart | FilePart)[] => {
    if (!sent) return [];
    const { key, filename, mime_type, size, kind, extracted_text } = sent;
    const attachment = { key, filename, mime_type, size };
    if (kind === 'image') return [{ type: 'image', attachment }];
    if (text === undefined) return [{ type: 'file', attachment, extracted_text }];
    const read = text.slice(0, Math.max(room, 0)).toWellFormed();
    room -= read.length;
    return [{ type: 'file', attachment, extracted_text: read }];
  });
}
