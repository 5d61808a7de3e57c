import { type ClipboardEvent, type FormEvent, type KeyboardEvent, useRef, useState } from 'react';
import type { NewMessage } from '../../../../../client/index.ts';
import { count } from '../../components/format.tsx';
import { ErrorNotice } from '../../components/states.tsx';
import { useShortcut } from '../../shell/shortcuts.ts';
import { Button, IconButton } from '../../ui/buttons.tsx';
import { Icon } from '../../ui/icons.tsx';
import { showToast, useToastsAbove } from '../../ui/toasts.tsx';
import type { Choice } from './choice.ts';
import { useDropTarget } from './dropTarget.ts';
import { Picker } from './picker.tsx';
import { Prompts, usePromptServers } from './prompts.tsx';
import type { Insertion } from './promptText.ts';
import { acceptedFiles, maxCharacters, StagedFiles, useStaged } from './staged.tsx';
import { Starters } from './starters.tsx';
import { VoiceInput } from './voice.tsx';

type ComposerProps = {
  /** Key of the draft in `sessionStorage`. */
  draftOf: string;
  placeholder: string;
  /** While a run is active, messages are sent as its input, and it can be stopped. */
  isAnswering: boolean;
  /** Offer beginnings of messages while nothing is written. */
  hasStarters?: boolean;
  choice: Choice | undefined;
  onChoose: (choice: Choice) => void;
  onSend: (message: NewMessage) => Promise<unknown>;
  onStop?: (() => Promise<unknown>) | undefined;
};

/** On phones and tablets Enter inserts a line break, because there is no Shift+Enter. A mouse may be plugged in later. */
const hasKeyboard = () => !matchMedia('(pointer: coarse)').matches;

const lengthOf = (text: string) => (text.length <= maxCharacters ? text.length : [...text].length);

export function Composer({ draftOf, placeholder, isAnswering, hasStarters = false, choice, onChoose, onSend, onStop }: ComposerProps) {
  const place = `arkloop.draft.${draftOf}`;
  const [text, setText] = useState(() => sessionStorage.getItem(place) ?? '');
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const area = useRef<HTMLTextAreaElement>(null);
  const files = useRef<HTMLInputElement>(null);
  const staged = useStaged(draftOf);
  const promptServers = usePromptServers();
  /** What opened the list of prompts. */
  const [prompts, setPrompts] = useState<'button' | 'key'>();
  const isEmpty = text.trim() === '' && staged.list.length === 0;
  const length = lengthOf(text);
  const canSend = !busy && !staged.isBusy && length <= maxCharacters && (text.trim() !== '' || staged.parts.length > 0);

  const write = (next: string) => {
    setText(next);
    sessionStorage.setItem(place, next);
  };
  const focus = () => area.current?.focus();
  const act = async (work: () => Promise<unknown>) => {
    setBusy(true);
    setError(undefined);
    try {
      await work();
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
      if (hasKeyboard()) focus();
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
  const canUsePrompts = promptServers.length > 0 && !isAnswering && !busy;
  const press = (event: KeyboardEvent) => {
    if (event.key === '/' && text === '' && canUsePrompts && !event.nativeEvent.isComposing) {
      event.preventDefault();
      setPrompts('key');
      return;
    }
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing || !hasKeyboard()) return;
    event.preventDefault();
    if (canSend) void send();
  };
  const attach = (brought: Iterable<File>) => {
    if (isAnswering) showToast('Files can be attached when the answer is complete.');
    else staged.add(brought);
    focus();
  };
  const attachText = (long: string) => {
    staged.addText(long);
    showToast('The text is too long for a message, so it is attached as a file.');
  };
  const paste = (event: ClipboardEvent<HTMLTextAreaElement>) => {
    const { files: brought } = event.clipboardData;
    const pasted = event.clipboardData.getData('text/plain');
    const { selectionStart, selectionEnd } = event.currentTarget;
    const isTooLong = pasted !== '' && lengthOf(text) - (selectionEnd - selectionStart) + lengthOf(pasted) > maxCharacters;
    // Office programs add a picture of the copied text.
    if (brought.length > 0 && pasted === '') attach(brought);
    else if (isTooLong && !isAnswering) attachText(pasted);
    else return;
    event.preventDefault();
  };
  const insert = (spoken: string) => {
    write(text === '' || /\s$/.test(text) ? text + spoken : `${text} ${spoken}`);
    focus();
  };
  const openPrompts = () => {
    // The dialog returns the focus to where it was.
    focus();
    setPrompts('button');
  };
  const closePrompts = () => {
    // The slash was meant as text.
    if (prompts === 'key') write('/');
    setPrompts(undefined);
  };
  const insertPrompt = ({ text: prompt, files: brought, omitted }: Insertion) => {
    setPrompts(undefined);
    if (prompt !== '') write(text.trim() === '' ? prompt : `${text}\n\n${prompt}`);
    staged.add(brought);
    if (omitted > 0)
      showToast(omitted === 1 ? 'A content that cannot be sent was left out.' : `${omitted} contents that cannot be sent were left out.`);
  };
  const begin = (prompt: string) => {
    write(prompt);
    focus();
  };
  const stop = () => onStop && void act(onStop);

  const isOver = useDropTarget(attach);
  useToastsAbove(form);
  useShortcut('write', focus);
  useShortcut('stop', () => isAnswering && stop());
  return (
    <form ref={form} className="composer" onSubmit={submit}>
      {error !== undefined && <ErrorNotice error={error} />}
      <StagedFiles staged={staged} />
      {length > maxCharacters && (
        <output className="notice">
          <Icon name="info" />
          <p>
            The message has {count(length)} characters. At most {count(maxCharacters)} can be sent.
          </p>
          {!isAnswering && (
            <Button
              kind="ghost"
              onClick={() => {
                attachText(text);
                write('');
                focus();
              }}
            >
              Attach it as a file
            </Button>
          )}
        </output>
      )}
      <div className="composer-box">
        <textarea
          ref={area}
          aria-label="Message"
          placeholder={placeholder}
          rows={1}
          dir="auto"
          value={text}
          // oxlint-disable-next-line jsx-a11y/no-autofocus -- writing a message is the main action of the page
          autoFocus={hasKeyboard()}
          onChange={({ currentTarget }) => write(currentTarget.value)}
          onKeyDown={press}
          onPaste={paste}
        />
        <div className="composer-tools">
          <input
            ref={files}
            type="file"
            multiple
            hidden
            accept={acceptedFiles}
            onChange={({ currentTarget }) => {
              attach(currentTarget.files ?? []);
              currentTarget.value = '';
            }}
          />
          <IconButton label="Attach a file" icon="attach" disabled={isAnswering} onClick={() => files.current?.click()} />
          <Prompts
            servers={promptServers}
            disabled={!canUsePrompts}
            isOpen={prompts !== undefined}
            onOpen={openPrompts}
            onClose={closePrompts}
            onInsert={insertPrompt}
          />
          <VoiceInput disabled={busy} onText={insert} onError={setError} />
          <div className="choices">{!isAnswering && <Picker choice={choice} onChoose={onChoose} onClosed={focus} />}</div>
          {isAnswering && text.trim() === '' ? (
            <IconButton className="send" label="Stop the answer" icon="stop" disabled={busy} onClick={stop} />
          ) : (
            <IconButton className="send" label={isAnswering ? 'Add to the answer' : 'Send'} icon="send" type="submit" disabled={!canSend} />
          )}
        </div>
      </div>
      {hasStarters && isEmpty && <Starters onChoose={begin} />}
      {isOver && (
        <div className="drop" aria-hidden="true">
          <Icon name="upload" />
          Drop files to attach them
        </div>
      )}
    </form>
  );
}

const partOf = (text: string) => (text.trim() === '' ? [] : [{ type: 'text' as const, text }]);
