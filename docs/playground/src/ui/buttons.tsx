import { type ComponentProps, type MouseEvent, type ReactNode, useState } from 'react';
import { Link } from 'wouter';
import { Icon, type IconName } from './icons.tsx';
import { showToast } from './internal/toastStore.ts';
import { Tooltip } from './tooltip.tsx';

/** At most one `primary` per view; `ghost` for what is used rarely; `danger` confirms what cannot be undone. */
type ButtonKind = 'primary' | 'secondary' | 'ghost' | 'danger';

type ButtonProps = Omit<ComponentProps<'button'>, 'className'> & {
  kind?: ButtonKind;
  icon?: IconName;
  /** Shows a spinner, and ignores clicks. The button keeps the focus, which a disabled one would lose. */
  busy?: boolean;
  /** As wide as its container. */
  wide?: boolean;
  small?: boolean;
};

export function Button({
  kind = 'secondary',
  icon,
  busy = false,
  wide = false,
  small = false,
  children,
  type = 'button',
  onClick,
  ...rest
}: ButtonProps) {
  const className = ['button', kind, wide && 'wide', small && 'small'].filter(Boolean).join(' ');
  return (
    <button
      {...rest}
      // oxlint-disable-next-line react/button-has-type -- `type` has a default
      type={type}
      className={className}
      aria-busy={busy}
      aria-disabled={busy || undefined}
      onClick={busy ? ignore : onClick}
    >
      {busy ? <span className="spinner" /> : icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

/** A link to a page of the playground that looks like a button. */
export const ButtonLink = ({ href, children }: { href: string; children: ReactNode }) => (
  <Link className="button secondary" href={href}>
    {children}
  </Link>
);

/** Also a submit by Enter in a field is a click on the submit button. */
const ignore = (event: MouseEvent) => event.preventDefault();

type IconButtonProps = Omit<ComponentProps<'button'>, 'aria-label' | 'title'> & { label: string; icon: IconName; small?: boolean };

/** `label` is the accessible name and the tooltip. */
export const IconButton = ({ label, icon, small = false, className = '', type = 'button', ...rest }: IconButtonProps) => (
  <Tooltip text={label}>
    {/* oxlint-disable-next-line react/button-has-type -- `type` has a default */}
    <button {...rest} type={type} aria-label={label} className={`icon-button ${small ? 'small ' : ''}${className}`}>
      <Icon name={icon} />
    </button>
  </Tooltip>
);

/** Returns whether the text was copied. If not, a toast tells it. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without HTTPS, or without the permission, browsers have no clipboard.
    showToast('The browser did not allow copying. Select the text and copy it.', { tone: 'danger' });
    return false;
  }
}

export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    if (!(await copyText(text))) return;
    setCopied(true);
    setTimeout(() => setCopied(false), 1_500);
  };
  return (
    <>
      <IconButton small label={copied ? 'Copied' : label} icon={copied ? 'check' : 'copy'} onClick={() => void copy()} />
      {/* Beside the button: what is outside of an open dialog is not announced. */}
      <output className="for-readers">{copied && 'Copied'}</output>
    </>
  );
}

/** Text with a copy button, such as a key that is shown once. */
export const Copyable = ({ text, label }: { text: string; label: string }) => (
  <div className="code">
    <code>{text}</code>
    <CopyButton text={text} label={label} />
  </div>
);

/** The identifier of something, with a button that copies it. */
export const CopyableId = ({ id }: { id: string }) => (
  <span className="with-copy">
    <code>{id}</code>
    <CopyButton text={id} label="Copy the ID" />
  </span>
);

/** The state of something that can be turned off. */
export const OnOff = ({ isOn }: { isOn: boolean }) => <Badge tone={isOn ? 'good' : ''}>{isOn ? 'On' : 'Off'}</Badge>;

export const Badge = ({ tone = '', children }: { tone?: '' | 'good' | 'warning' | 'danger' | 'accent'; children: ReactNode }) => (
  <span className={`badge ${tone}`}>{children}</span>
);
