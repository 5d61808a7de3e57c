import { createContext, type FormEvent, type ReactNode, use, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { ApiError } from '../../../../client/index.ts';
import { Details, detailsOf, ErrorNotice } from '../components/states.tsx';
import { Button } from './buttons.tsx';
import { plainMessage } from './internal/apiMessage.ts';

/** Throw it in `onSubmit` to show a message beside a field. */
export class FieldError extends Error {
  readonly field: string;

  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }
}

type Problems = Readonly<Record<string, string>>;

/** Messages by field name, and a callback that removes one when its value changes. */
const FormContext = createContext<{ problems: Problems; clear: (name: string | undefined) => void }>({ problems: {}, clear: () => {} });

export const useForm = () => use(FormContext);

type FormProps = {
  /** Gets the values by control name. Errors of the API appear beside the fields that they name, all others above the buttons. */
  onSubmit: (values: FormData) => Promise<unknown>;
  /** Label of the submit button. */
  submit: string;
  kind?: 'primary' | 'secondary' | 'danger';
  /** Adds a Cancel button. */
  onCancel?: () => void;
  /** Label of that button. Default: Cancel. */
  cancel?: string;
  /** Fields of errors that name none: `{ login_taken: 'login' }`. */
  fieldOf?: Readonly<Record<string, string>>;
  /** The fields. A function gets the error of the last submit. */
  children: ReactNode | ((error: unknown) => ReactNode);
  /** A submit button as wide as the form. */
  wide?: boolean;
};

/**
 * Checks the constraints of its fields (`required`, `type`, `minLength` …) and shows the messages beside them instead of the browser's bubbles.
 * Disabled while it is submitted. After an error the first invalid field gets the focus, and no value is lost.
 */
export function Form({ onSubmit, submit, kind = 'primary', onCancel, cancel = 'Cancel', fieldOf = {}, children, wide = false }: FormProps) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [isPlaced, setPlaced] = useState(false);
  const [problems, setProblems] = useState<Problems>({});
  const form = useRef<HTMLFormElement>(null);

  const wantsFocus = useRef(false);

  const showProblems = (found: Problems) => {
    wantsFocus.current = true;
    setProblems(found);
  };
  // After the fields show the problems.
  useLayoutEffect(() => {
    if (wantsFocus.current) form.current?.querySelector<HTMLElement>(firstInvalid)?.focus();
    wantsFocus.current = false;
  });
  const send = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    event.stopPropagation();
    if (busy) return;
    setError(undefined);
    const invalid = problemsOf(event.currentTarget);
    showProblems(invalid);
    if (Object.keys(invalid).length > 0) return;
    setBusy(true);
    try {
      await onSubmit(new FormData(event.currentTarget));
    } catch (caught) {
      const placed = placeError(caught, fieldOf, form.current!);
      showProblems(placed.problems);
      setError(caught);
      setPlaced(placed.isComplete);
    } finally {
      setBusy(false);
    }
  };
  const context = useMemo(
    () => ({
      problems,
      clear: (name: string | undefined) => setProblems((now) => (name && now[name] ? { ...now, [name]: '' } : now)),
    }),
    [problems],
  );
  return (
    <form
      className="form"
      ref={form}
      noValidate
      onSubmit={(event) => void send(event)}
      onInput={({ target }) => context.clear((target as HTMLInputElement).name)}
    >
      <FormContext value={context}>{typeof children === 'function' ? children(error) : children}</FormContext>
      {error !== undefined && (isPlaced ? <Details>{detailsOf(error)}</Details> : <ErrorNotice error={error} />)}
      <div className="actions">
        {onCancel && (
          <Button kind="ghost" onClick={onCancel}>
            {cancel}
          </Button>
        )}
        <Button kind={kind} type="submit" busy={busy} wide={wide}>
          {submit}
        </Button>
      </div>
    </form>
  );
}

/** An invalid control, or the first control of an invalid group. */
const firstInvalid = '[aria-invalid="true"], fieldset:has(> .problem) :is(input, textarea, button)';

/** A form value, trimmed. */
export const textOf = (values: FormData, name: string): string => String(values.get(name) ?? '').trim();

/** The messages of an error by field. `isComplete` is false if a part of it belongs to no field of the form. */
function placeError(error: unknown, fieldOf: Readonly<Record<string, string>>, form: HTMLFormElement) {
  const elementOf = (name: string) => form.elements.namedItem(name) as FormElement | null;
  if (error instanceof FieldError) return { problems: { [error.field]: error.message }, isComplete: elementOf(error.field) !== null };
  if (!(error instanceof ApiError)) return { problems: {}, isComplete: false };
  const field = error.reason && fieldOf[error.reason];
  if (error.issues.length === 0)
    return field ? { problems: { [field]: error.serverMessage }, isComplete: true } : { problems: {}, isComplete: false };
  const problems: Record<string, string> = {};
  let isComplete = true;
  for (const { path, message } of error.issues) {
    const name = namesOfPath(path).find(elementOf) ?? field;
    if (name) problems[name] ??= sentenceOf(message, elementOf(name), path);
    else isComplete = false;
  }
  return { problems, isComplete };
}

/** Names that a field of this path may have: `a.b`, `a`. */
const namesOfPath = (path: string): string[] => {
  const steps = path.split(/[./]/).filter(Boolean);
  return steps.map((_, index) => steps.slice(0, steps.length - index).join('.'));
};

type FormElement = HTMLInputElement | HTMLTextAreaElement | HTMLFieldSetElement;

const labelOf = (element: FormElement | null): string => {
  const text =
    element instanceof HTMLFieldSetElement
      ? element.querySelector('legend')?.textContent
      : (element?.dataset?.label ?? element?.labels?.[0]?.textContent);
  return (text ?? 'This value').replace(' (optional)', '');
};

/**
 * The API's validation messages continue the name of the value: "must be an email address". A wrong value of a list is quoted. A field with a
 * pattern says in its `title` what it expects.
 */
const sentenceOf = (text: string, element: FormElement | null, path: string): string => {
  const expected = element instanceof HTMLInputElement && text.startsWith('Invalid string: must match pattern') && element.title;
  const message = expected || plainMessage(text);
  const index = /[./](\d+)$/.exec(path)?.[1];
  const value = index && element && 'value' in element ? valuesOf(element.value)[Number(index)] : undefined;
  const name = value ? `“${value}”` : labelOf(element);
  return `${/^[a-z]/.test(message) ? `${name} ` : ''}${message}${/[.!?]$/.test(message) ? '' : '.'}`;
};

/** The values of a list: one per line, or several in one line. Empty if lines with spaces leave open what a value is. */
const valuesOf = (text: string): string[] => {
  const words = text.split(/[\s,]+/).filter(Boolean);
  const lines = text.split('\n').filter((line) => line.trim());
  return lines.length === 1 || lines.length === words.length ? words : [];
};

function problemsOf(form: HTMLFormElement): Problems {
  const found: Record<string, string> = {};
  for (const element of form.elements) {
    const problem = element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement ? problemOfInput(element) : '';
    if (problem) found[(element as HTMLInputElement).name] ??= problem;
  }
  return found;
}

/** What is wrong with a value, in a sentence. */
function problemOfInput(input: HTMLInputElement | HTMLTextAreaElement): string {
  // Values of selects are kept in hidden inputs, which the browser does not check.
  if (input.type === 'hidden') return input.dataset.required && input.value === '' ? `${labelOf(input)} is required.` : '';
  const { validity } = input;
  if (!input.name || validity.valid) return '';
  if (validity.valueMissing) return input.type === 'checkbox' ? 'Tick this box to continue.' : `${labelOf(input)} is required.`;
  if (validity.typeMismatch)
    return input.type === 'email' ? 'Enter an email address, such as name@example.com.' : 'Enter a complete URL that starts with https://.';
  if (validity.tooShort) return `Use ${input.minLength} characters or more.`;
  if (validity.tooLong) return `Use ${input.maxLength} characters or fewer.`;
  const { min, max, title } = input as HTMLInputElement;
  if (validity.rangeUnderflow) return `Enter ${min} or more.`;
  if (validity.rangeOverflow) return `Enter ${max} or less.`;
  if (validity.stepMismatch) return 'Enter a whole number.';
  if (validity.badInput) return 'Enter a number.';
  return title || input.validationMessage;
}
