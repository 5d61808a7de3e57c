import { useMe } from '../me.ts';
import { signOut } from '../session.ts';
import { chooseTheme, type Theme, useTheme } from '../theme.ts';
import type { IconName } from '../ui/icons.tsx';
import { Menu, MenuChoices, MenuItem, MenuSeparator } from '../ui/menu.tsx';

const themes: readonly { value: Theme; label: string; icon: IconName }[] = [
  { value: 'system', label: 'System', icon: 'screen' },
  { value: 'light', label: 'Light', icon: 'sun' },
  { value: 'dark', label: 'Dark', icon: 'moon' },
];

/** Settings, theme and sign-out. */
export function UserMenu({ onHelp }: { onHelp: () => void }) {
  const me = useMe().data;
  const theme = useTheme();
  const name = me?.username ?? '…';
  return (
    <Menu
      label="You"
      side="top"
      align="start"
      trigger={
        <button type="button" className="user-button">
          <span className="avatar" aria-hidden="true">
            {[...name][0]?.toUpperCase()}
          </span>
          <span className="who">
            <span>{name}</span>
            <span className="muted small">{me?.account_name ?? ''}</span>
          </span>
        </button>
      }
    >
      <MenuItem icon="settings" href="/settings">
        Settings
      </MenuItem>
      <MenuItem icon="bell" href="/settings/notifications">
        Notifications
      </MenuItem>
      <MenuItem icon="users" href="/settings/workspaces">
        Workspaces
      </MenuItem>
      <MenuItem icon="book" href="/docs" external>
        API reference
      </MenuItem>
      <MenuItem icon="keyboard" onSelect={onHelp}>
        Keyboard shortcuts
      </MenuItem>
      <MenuSeparator />
      <MenuChoices label="Theme" value={theme} options={themes} onChange={chooseTheme} />
      <MenuSeparator />
      <MenuItem icon="logout" onSelect={() => void signOut()}>
        Sign out
      </MenuItem>
    </Menu>
  );
}
