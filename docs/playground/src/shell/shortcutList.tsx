import { Dialog } from '../ui/dialog.tsx';
import { keysOf, type Shortcut, shortcuts } from './shortcuts.ts';

export const ShortcutList = ({ onClose }: { onClose: () => void }) => (
  <Dialog title="Keyboard shortcuts" onClose={onClose}>
    <dl className="facts shortcuts">
      {(Object.keys(shortcuts) as Shortcut[]).map((name) => (
        <div key={name}>
          <dt>{shortcuts[name].does}</dt>
          <dd>
            {keysOf(name).map((key) => (
              <kbd key={key}>{key}</kbd>
            ))}
          </dd>
        </div>
      ))}
      <div>
        <dt>Send the message</dt>
        <dd>
          <kbd>Enter</kbd>
        </dd>
      </div>
      <div>
        <dt>Start a new line</dt>
        <dd>
          <kbd>Shift</kbd>
          <kbd>Enter</kbd>
        </dd>
      </div>
      <div>
        <dt>Use a prompt, in an empty message</dt>
        <dd>
          <kbd>/</kbd>
        </dd>
      </div>
      <div>
        <dt>Close what is open</dt>
        <dd>
          <kbd>Esc</kbd>
        </dd>
      </div>
    </dl>
  </Dialog>
);
