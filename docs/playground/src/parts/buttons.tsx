import { type ComponentProps, type ReactNode, useState } from 'react';
import { Icon, type IconName } from './icons.tsx';

type ButtonProps = Omit<ComponentProps<'button'>, 'className'> & {
  /** `primary` once in a view; `danger` for what cannot be undone. */
  kind?: 'primary' | 'plain' | 'quiet' | 'danger' | 'danger filled';
  icon?: IconName;
  /** At work: it cannot be pressed, and turns. */
  busy?: boolean;
  wide?: boolean;
};

/** A button with words. */
export function Button({ kind = 'plain', icon, busy = false, wide = false, children, disabled, type = 'button', ...rest }: ButtonProps) {
  return (
    <button {...rest} type={type} className={`button ${kind}${wide ? ' wide' : ''}`} disabled={disabled || busy} aria-busy={busy}>
      {busy ? <span className="spinner" /> : icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

type IconButtonProps = Omit<ComponentProps<'button'>, 'aria-label' | 'title'> & { label: string; icon: IconName; small?: boolean };

/** A button with a drawing; the label is read out, and shown to who points at it. */
export const IconButton = ({ label, icon, small = false, className = '', type = 'button', ...rest }: IconButtonProps) => (
  <button {...rest} type={type} aria-label={label} title={label} className={`icon-button ${small ? 'small ' : ''}${className}`}>
    <Icon name={icon} />
  </button>
);

/** Puts a text on the clipboard, and says so for a moment. */
export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1_500);
  };
  return <IconButton small label={copied ? 'Copied' : label} icon={copied ? 'check' : 'copy'} onClick={() => void copy()} />;
}

/** A text to take along, such as a key that is shown once. */
export const Copyable = ({ text, label }: { text: string; label: string }) => (
  <div className="code">
    <code>{text}</code>
    <CopyButton text={text} label={label} />
  </div>
);

/** A short word about the state of something. */
export const Badge = ({ tone = '', children }: { tone?: '' | 'good' | 'warning' | 'danger' | 'accent'; children: ReactNode }) => (
  <span className={`badge ${tone}`}>{children}</span>
);
