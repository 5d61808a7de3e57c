import { type ClipboardEvent, type DragEvent, type FormEvent, type KeyboardEvent, type ReactNode, useRef, useState } from 'react';
import type { NewMessage } from '../../../../client/index.ts';
import { ErrorNotice } from '../components/states.tsx';
import { useShortcut } from '../shell/shortcuts.ts';
import { IconButton } from '../ui/buttons.tsx';
import { acceptedFiles, StagedFiles, useStaged } from './staged.tsx';

type ComposerProps = {
  /** Key of the draft in `sessionStorage`. */
  draftOf: string;
  placeholder: string;
  /** While a run is active, messages are sent as its input, and it can be stopped. */
  isAnswering: boolean;
  onSend: (message: NewMessage) => Promise<unknown>;
  onStop?: (() => Promise<unknown>) | undefined;
  /** Selects next to the input. */
  children?: ReactNode;
};

/** On touch devices Enter inserts a line break, because there is no Shift+Enter. */
const hasKeyboard = matchMedia('(pointer: fine)').matches;

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
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- files can also be attached with a button
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
          // oxlint-disable-next-line jsx-a11y/no-autofocus -- writing a message is the main action of the page
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
