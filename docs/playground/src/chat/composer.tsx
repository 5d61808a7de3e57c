import { type ClipboardEvent, type DragEvent, type FormEvent, type KeyboardEvent, type ReactNode, useRef, useState } from 'react';
import type { NewMessage } from '../../../../client/index.ts';
import { IconButton } from '../parts/buttons.tsx';
import { ErrorNotice } from '../parts/states.tsx';
import { useShortcut } from '../shell/shortcuts.ts';
import { acceptedFiles, StagedFiles, useStaged } from './staged.tsx';

type ComposerProps = {
  /** Where the draft is kept while the page is open. */
  draftOf: string;
  placeholder: string;
  /** An answer is being written: what is sent goes into it, and it can be stopped. */
  isAnswering: boolean;
  onSend: (message: NewMessage) => Promise<unknown>;
  onStop?: (() => Promise<unknown>) | undefined;
  /** What else can be chosen. */
  children?: ReactNode;
};

/** On a phone Enter makes a new line: there is no Shift to hold. */
const hasKeyboard = matchMedia('(pointer: fine)').matches;

/** Where a message is written. */
export function Composer({ draftOf, placeholder, isAnswering, onSend, onStop, children }: ComposerProps) {
  const place = `arkloop.draft.${draftOf}`;
  const [text, setText] = useState(() => sessionStorage.getItem(place) ?? '');
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);
  const files = useRef<HTMLInputElement>(null);
  const staged = useStaged();
  const canSend = !busy && !staged.isBusy && (text.trim() !== '' || staged.parts.length > 0);

  const write = (next: string) => {
    setText(next);
    sessionStorage.setItem(place, next);
  };
  const act = async (work: () => Promise<unknown>) => {
    setBusy(true);
    setError(undefined);
    try {
      await work();
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  };
  const send = () =>
    act(async () => {
      await onSend(staged.parts.length > 0 ? { content_json: { parts: [...staged.parts, ...partOf(text)] } } : { content: text });
      write('');
      staged.clear();
    });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (canSend) void send();
  };
  const press = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing || !hasKeyboard) return;
    event.preventDefault();
    if (canSend) void send();
  };
  const bring = (event: ClipboardEvent | DragEvent, { files: brought }: DataTransfer) => {
    if (brought.length === 0 || isAnswering) return;
    event.preventDefault();
    staged.add(brought);
  };
  const stop = () => onStop && void act(onStop);

  useShortcut('write', () => area.current?.focus());
  useShortcut('stop', () => isAnswering && stop());
  return (
    <form
      className="composer"
      onSubmit={submit}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => bring(event, event.dataTransfer)}
    >
      {error !== undefined && <ErrorNotice error={error} />}
      <StagedFiles staged={staged} />
      <div className="composer-box">
        <textarea
          ref={area}
          aria-label="Message"
          placeholder={placeholder}
          rows={1}
          maxLength={20_000}
          value={text}
          // biome-ignore lint/a11y/noAutofocus: writing is what this page is for
          autoFocus={hasKeyboard}
          onChange={({ currentTarget }) => write(currentTarget.value)}
          onKeyDown={press}
          onPaste={(event) => bring(event, event.clipboardData)}
        />
        <div className="composer-tools">
          <input
            ref={files}
            type="file"
            multiple
            hidden
            accept={acceptedFiles}
            onChange={({ currentTarget }) => {
              staged.add(currentTarget.files ?? []);
              currentTarget.value = '';
            }}
          />
          <IconButton label="Attach a file" icon="attach" disabled={isAnswering} onClick={() => files.current?.click()} />
          <div className="choices">{children}</div>
          {isAnswering && text.trim() === '' ? (
            <IconButton className="send" label="Stop the answer" icon="stop" disabled={busy} onClick={stop} />
          ) : (
            <IconButton className="send" label={isAnswering ? 'Add to the answer' : 'Send'} icon="send" type="submit" disabled={!canSend} />
          )}
        </div>
      </div>
    </form>
  );
}

const partOf = (text: string) => (text.trim() === '' ? [] : [{ type: 'text' as const, text }]);
