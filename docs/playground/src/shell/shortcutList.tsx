import { Dialog } from '../ui/dialog.tsx';
import { keysOf, type Shortcut, shortcuts } from './shortcuts.ts';

type Listed = { does: string; keys: readonly string[] };

/** Keys of fields and dialogs, which are no shortcuts of the whole page. */
const others: readonly Listed[] = [
  { does: 'Send the message', keys: ['Enter'] },
  { does: 'Start a new line', keys: ['Shift', 'Enter'] },
  { does: 'Use a prompt, in an empty message', keys: ['/'] },
  { does: 'Close what is open', keys: ['Esc'] },
];

const listed = (): readonly Listed[] => [
  ...(Object.keys(shortcuts) as Shortcut[]).map((name) => ({ does: shortcuts[name].does, keys: keysOf(name) })),
  ...others,
];

export const ShortcutList = ({ onClose }: { onClose: () => void }) => (
  <Dialog title="Keyboard shortcuts" onClose={onClose}>
    <dl className="facts shortcuts">
      {listed().map(({ does, keys }) => (
        <div key={does}>
          <dt>{does}</dt>
          <dd>
            {keys.map((key) => (
              <kbd key={key}>{key}</kbd>
            ))}
          </dd>
        </div>
      ))}
    </dl>
  </Dialog>
);
