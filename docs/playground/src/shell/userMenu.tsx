import { Link } from 'wouter';
import { Icon, type IconName } from '../components/icons.tsx';
import { Menu } from '../components/menu.tsx';
import { useMe } from '../me.ts';
import { signOut } from '../session.ts';
import { chooseTheme, type Theme, useTheme } from '../theme.ts';

const themes: readonly (readonly [Theme, string, IconName])[] = [
  ['system', 'System', 'screen'],
  ['light', 'Light', 'sun'],
  ['dark', 'Dark', 'moon'],
];

/** Settings, theme and sign-out. */
export function UserMenu({ onHelp }: { onHelp: () => void }) {
  const me = useMe().data;
  const theme = useTheme();
  const name = me?.username ?? '…';
  return (
    <Menu
      label="You"
      place="up from-start"
      button={(attributes) => (
        <button type="button" {...attributes}>
          <span className="avatar" aria-hidden="true">
            {[...name][0]?.toUpperCase()}
          </span>
          <span className="who">
            <span>{name}</span>
            <span className="muted small">{me?.account_name ?? ''}</span>
          </span>
        </button>
      )}
    >
      <Link role="menuitem" href="/settings">
        <Icon name="settings" />
        Settings
      </Link>
      <a role="menuitem" href="/docs">
        <Icon name="open" />
        API reference
      </a>
      <button type="button" role="menuitem" onClick={onHelp}>
        <Icon name="keyboard" />
        Keyboard shortcuts
      </button>
      <hr />
      {themes.map(([value, text, icon]) => (
        <button type="button" role="menuitemradio" aria-checked={theme === value} key={value} onClick={() => chooseTheme(value)}>
          <Icon name={icon} />
          {text}
          {theme === value && <Icon name="check" />}
        </button>
      ))}
      <hr />
      <button type="button" role="menuitem" onClick={() => void signOut()}>
        <Icon name="logout" />
        Sign out
      </button>
    </Menu>
  );
}
