import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ErrorNotice } from '../../components/states.tsx';
import { client } from '../../session.ts';
import { Button } from '../../ui/buttons.tsx';
import { signInAt } from './flow.ts';

/** A button for each provider with which people sign in. */
export function ProviderButtons() {
  const { data = [] } = useQuery({ queryKey: ['sign-in-providers'], queryFn: () => client.providerSignIn.providers() });
  const [left, setLeft] = useState<string>();
  const [error, setError] = useState<unknown>();
  if (data.length === 0) return null;
  const start = (id: string) => {
    setLeft(id);
    setError(undefined);
    signInAt(id).catch((caught: unknown) => {
      setLeft(undefined);
      setError(caught);
    });
  };
  return (
    <div className="form">
      {data.map(({ id, name }) => (
        <Button key={id} wide busy={left === id} onClick={() => start(id)}>
          Continue with {name}
        </Button>
      ))}
      {error !== undefined && <ErrorNotice error={error} />}
    </div>
  );
}
