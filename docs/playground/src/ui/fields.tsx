import { type ComponentProps, type ReactNode, useId, useState } from 'react';
import { IconButton } from './buttons.tsx';
import { useForm } from './form.tsx';

export type Described = {
  label: string;
  /** Hides the label from sight, such as in a toolbar. */
  hideLabel?: boolean;
  hint?: ReactNode;
  /** What is wrong with the value. In a `Form` it is found by the name of the field. */
  problem?: string | undefined;
};

type Attributes = { id: string; 'aria-describedby': string | undefined; 'aria-invalid': true | undefined };
type FieldProps = Described & { name?: string | undefined; labelId?: string; children: (attributes: Attributes) => ReactNode };

/** A control with label, hint and error. `children` gets the id and ARIA attributes of the control. */
export function Field({ label, hideLabel = false, hint, problem, name, labelId, children }: FieldProps) {
  const id = useId();
  const { problems } = useForm();
  const shown = problem ?? (name && problems[name]);
  const told = [hint ? `${id}-hint` : '', shown ? `${id}-problem` : ''].filter(Boolean).join(' ');
  return (
    <div className="field">
      <label htmlFor={id} id={labelId} className={hideLabel ? 'for-readers' : ''}>
        {label}
      </label>
      {children({ id, 'aria-describedby': told || undefined, 'aria-invalid': shown ? true : undefined })}
      {hint && (
        <span className="hint" id={`${id}-hint`}>
          {hint}
        </span>
      )}
      {shown && (
        <span className="problem" id={`${id}-problem`}>
          {shown}
        </span>
      )}
    </div>
  );
}

type TextFieldProps = Described & Omit<ComponentProps<'input'>, 'id' | 'className'>;

export const TextField = ({ label, hideLabel, hint, problem, ...rest }: TextFieldProps) => (
  <Field label={label} hideLabel={hideLabel ?? false} hint={hint} problem={problem} name={rest.name}>
    {(attributes) =>
      rest.type === 'password' ? (
        <SecretInput {...rest} {...attributes} />
      ) : (
        <input type="text" {...rest} {...attributes} className="input" />
      )
    }
  </Field>
);

/** A password or a key, with a button that shows what is typed. */
function SecretInput(props: ComponentProps<'input'>) {
  const [isShown, show] = useState(false);
  return (
    <div className="secret">
      <input spellCheck={false} autoCapitalize="none" {...props} type={isShown ? 'text' : 'password'} className="input" />
      <IconButton
        small
        label={isShown ? 'Hide what is typed' : 'Show what is typed'}
        icon={isShown ? 'eyeOff' : 'eye'}
        aria-controls={props.id}
        disabled={props.disabled}
        onClick={() => show(!isShown)}
      />
    </div>
  );
}

export const TextArea = ({
  label,
  hideLabel,
  hint,
  problem,
  ...rest
}: Described & Omit<ComponentProps<'textarea'>, 'id' | 'className'>) => (
  <Field label={label} hideLabel={hideLabel ?? false} hint={hint} problem={problem} name={rest.name}>
    {(attributes) => <textarea dir="auto" {...rest} {...attributes} className="input" />}
  </Field>
);

type CheckboxProps = { label: ReactNode; hint?: ReactNode; problem?: string } & Omit<
  ComponentProps<'input'>,
  'type' | 'className' | 'role'
>;

export const Checkbox = (props: CheckboxProps) => <Toggle {...props} className="check" />;

/** For a setting that applies at once; a `Checkbox` for one that is submitted with a form. */
export const Switch = (props: CheckboxProps) => <Toggle {...props} className="check switch" isSwitch />;

function Toggle({ label, hint, problem, className, isSwitch, ...rest }: CheckboxProps & { className: string; isSwitch?: boolean }) {
  const id = useId();
  const { problems } = useForm();
  const shown = problem ?? (rest.name && problems[rest.name]);
  const told = [hint ? `${id}-hint` : '', shown ? `${id}-problem` : ''].filter(Boolean).join(' ');
  return (
    <div className={className}>
      <input
        {...rest}
        id={id}
        type="checkbox"
        role={isSwitch ? 'switch' : undefined}
        aria-describedby={told || undefined}
        aria-invalid={shown ? true : undefined}
      />
      <div>
        <label htmlFor={id}>{label}</label>
        {hint && (
          <span className="hint" id={`${id}-hint`}>
            {hint}
          </span>
        )}
        {shown && (
          <span className="problem" id={`${id}-problem`}>
            {shown}
          </span>
        )}
      </div>
    </div>
  );
}

/** Controls with one label and one error, such as checkboxes. `name` is the path of their value in the request body. */
export function FieldSet({ label, hint, problem, name, children }: Omit<Described, 'hideLabel'> & { name?: string; children: ReactNode }) {
  const id = useId();
  const { problems } = useForm();
  const shown = problem ?? (name && problems[name]);
  return (
    <fieldset className="field" name={name} aria-describedby={shown ? `${id}-problem` : undefined}>
      <legend>{label}</legend>
      {hint && <span className="hint">{hint}</span>}
      {children}
      {shown && (
        <span className="problem" id={`${id}-problem`}>
          {shown}
        </span>
      )}
    </fieldset>
  );
}

type SegmentsProps<Value extends string> = Pick<Described, 'label' | 'hideLabel'> & {
  value: Value;
  options: readonly (readonly [value: Value, text: ReactNode])[];
  onChange: (value: Value) => void;
};

/** Radio buttons side by side, for two to four options. */
export function Segments<Value extends string>({ label, hideLabel = false, value, options, onChange }: SegmentsProps<Value>) {
  const name = useId();
  const group = (
    <div className="segments" role="radiogroup" {...(hideLabel ? { 'aria-label': label } : { 'aria-labelledby': `${name}-label` })}>
      {options.map(([option, text]) => (
        <label key={option}>
          <input type="radio" name={name} value={option} checked={option === value} onChange={() => onChange(option)} />
          {text}
        </label>
      ))}
    </div>
  );
  if (hideLabel) return group;
  return (
    <div className="field">
      <span className="label" id={`${name}-label`}>
        {label}
      </span>
      {group}
    </div>
  );
}

type HiddenValueProps = { name: string | undefined; value: string; label: string; required: boolean };

/** The value of a control that is no form element of its own. A `Form` finds its label and whether it is required. */
export const HiddenValue = ({ name, value, label, required }: HiddenValueProps) =>
  name === undefined ? null : <input type="hidden" name={name} value={value} data-label={label} data-required={required || undefined} />;
