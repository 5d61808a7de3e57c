import { useState } from 'react';
import type { RunError } from '../../../../../client/index.ts';
import { count } from '../../components/format.tsx';
import { Scrolling } from '../../components/scrolling.tsx';
import { ProviderMessage } from '../../components/states.tsx';
import { Button, CopyButton } from '../../ui/buttons.tsx';

/** Characters of a value that are rendered at once. */
const chunk = 20_000;

/** A value as JSON, a string as it is, with a button that copies all of it. */
export function Json({ title, value }: { title: string; value: unknown }) {
  const [shown, setShown] = useState(chunk);
  const text = typeof value === 'string' ? value : (JSON.stringify(value, null, 2) ?? '');
  return (
    <section className="json" aria-label={title}>
      <header>
        <h4>{title}</h4>
        <CopyButton text={text} label={`Copy: ${title}`} />
      </header>
      <Scrolling as="pre" className={typeof value === 'string' ? 'is-prose' : ''}>
        {text.length > shown ? text.slice(0, shown) : text}
      </Scrolling>
      {text.length > shown && (
        <Button kind="ghost" small onClick={() => setShown(shown + chunk)}>
          {`Show ${count(Math.min(chunk, text.length - shown))} more of ${count(text.length - shown)} characters`}
        </Button>
      )}
    </section>
  );
}

/** Why a run or a step failed. */
export const FailureNotice = ({ error: { error_class, message } }: { error: RunError }) => (
  <div className="notice danger" role="note">
    <div>
      {error_class.startsWith('provider.') ? <ProviderMessage>{message}</ProviderMessage> : message}
      <span className="trace">{error_class}</span>
    </div>
  </div>
);

export const StepError = ({ error }: { error: RunError }) => (
  <>
    <FailureNotice error={error} />
    {error.details && Object.keys(error.details).length > 0 && <Json title="Details of the error" value={error.details} />}
  </>
);
