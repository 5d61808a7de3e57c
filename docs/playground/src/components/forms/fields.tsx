import { type ComponentProps, type FormEvent, type ReactNode, useId, useRef, useState } from 'react';
import { ErrorNotice } from '../states.tsx';
import { Button } from './buttons.tsx';

type Described = {
  label: string;
  hint?: ReactNode;
  /** Validation error of the value. */
  problem?: string | undefined;
};

type Attributes = { id: string; className: string; 'aria-describedby': string | undefined; 'aria-invalid': true | undefined };

/** A control with label, hint and validation error. `children` gets the id and ARIA attributes. */
function Field({ label, hint, problem, children }: Described & { children: (attributes: Attributes) => ReactNode }) {
  const id = useId();
  const told = [hint ? `${id}-hint` : '', problem ? `${id}-problem` : ''].filter(Boolean).join(' ');
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, className: 'input', 'aria-describedby': told || undefined, 'aria-invalid': problem ? true : undefined })}
      {hint && (
        <span className="hint" id={`${id}-hint`}>
          {hint}
        </span>
      )}
      {problem && (
        <span className="problem" id={`${id}-problem`}>
          {problem}
        </span>
      )}
    </div>
  );
}

export const TextField = ({ label, hint, problem, ...rest }: Described & Omit<ComponentProps<'input'>, 'id' | 'className'>) => (
  <Field label={label} hint={hint} problem={problem}>
    {(attributes) => <input type="text" {...rest} {...attributes} />}
  </Field>
);

export const TextArea = ({ label, hint, problem, ...rest }: Described & Omit<ComponentProps<'textarea'>, 'id' | 'className'>) => (
  <Field label={label} hint={hint} problem={problem}>
    {(attributes) => <textarea {...rest} {...attributes} />}
  </Field>
);

export const Select = ({ label, hint, problem, children, ...rest }: Described & Omit<ComponentProps<'select'>, 'id' | 'className'>) => (
  <Field label={label} hint={hint} problem={problem}>
    {(attributes) => (
      <select {...rest} {...attributes}>
        {children}
      </select>
    )}
  </Field>
);

export const Check = ({ label, hint, ...rest }: { label: ReactNode; hint?: ReactNode } & ComponentProps<'input'>) => (
  <label className="check">
    <input {...rest} type="checkbox" />
    <span>
      {label}
      {hint && <span className="muted small"> {hint}</span>}
    </span>
  </label>
);

type SegmentsProps<Value extends string> = {
  label: string;
  value: Value;
  options: readonly (readonly [value: Value, text: ReactNode])[];
  onChange: (value: Value) => void;
};

/** Radio buttons side by side, for two to four options. */
export function Segments<Value extends string>({ label, value, options, onChange }: SegmentsProps<Value>) {
  const name = useId();
  return (
    <div className="segments" role="radiogroup" aria-label={label}>
      {options.map(([option, text]) => (
        <label key={option}>
          <input type="radio" name={name} value={option} checked={option === value} onChange={() => onChange(option)} />
          {text}
        </label>
      ))}
    </div>
  );
}

type FormProps = {
  /** Gets the values by control name. An error is shown above the buttons. */
  onSubmit: (values: FormData) => Promise<unknown>;
  submit: string;
  kind?: 'primary' | 'danger filled';
  /** Adds a Cancel button. */
  onCancel?: () => void;
  /** Renders the fields. `error` is that of the last submit, for `problemOf`. */
  children: (error: unknown) => ReactNode;
  wide?: boolean;
};

/** Disabled while it is submitted. After an error the first invalid field gets the focus. */
export function Form({ onSubmit, submit, kind = 'primary', onCancel, children, wide = false }: FormProps) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const form = useRef<HTMLFormElement>(null);
  const send = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setError(undefined);
    try {
      await onSubmit(new FormData(event.currentTarget));
    } catch (caught) {
      setError(caught);
      requestAnimationFrame(() => form.current?.querySelector<HTMLElement>('[aria-invalid]')?.focus());
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className="form" ref={form} onSubmit={(event) => void send(event)}>
      {children(error)}
      {error !== undefined && <ErrorNotice error={error} />}
      <div className="actions">
        {onCancel && (
          <Button kind="quiet" onClick={onCancel}>
            Cancel
          </Button>
        )}
        <Button kind={kind} type="submit" busy={busy} wide={wide}>
          {submit}
        </Button>
      </div>
    </form>
  );
}

/** A form value, trimmed. */
export const textOf = (values: FormData, name: string): string => String(values.get(name) ?? '').trim();
