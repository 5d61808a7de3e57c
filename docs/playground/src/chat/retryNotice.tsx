import { useEffect, useState } from 'react';
import type { PendingRetry } from '../../../../client/react/index.ts';
import { ProviderMessage } from '../components/states.tsx';
import { Icon } from '../ui/icons.tsx';

/** Says why a model call failed, and when it is repeated. */
export function RetryNotice({ retry }: { retry: PendingRetry }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  // The clock of the server may differ.
  const seconds = Math.min(Math.ceil((retry.at - now) / 1_000), Math.ceil(retry.delay_ms / 1_000));
  const isLimited = retry.details?.status_code === 429;
  return (
    <output className="notice warning">
      <Icon name="clock" />
      <div>
        <p>
          {isLimited ? 'The model provider is receiving too many requests.' : 'The model provider failed or could not be reached.'} Trying
          again <span aria-hidden="true">{seconds > 0 ? `in ${seconds} s` : 'now'}</span> (attempt {retry.attempt + 1} of{' '}
          {retry.max_attempts}).
        </p>
        {retry.message && <ProviderMessage>{retry.message}</ProviderMessage>}
      </div>
    </output>
  );
}
