import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { Link, useLocation } from 'wouter';
import { keptAccountOf } from '../../account.ts';
import { SignedOutPage } from '../../components/signedOutPage.tsx';
import { ErrorNotice, Loading } from '../../components/states.tsx';
import { client } from '../../session.ts';
import { showToast } from '../../ui/toasts.tsx';

/** Where an authorization server returns to, after a user was asked for access to a tool server. */
export default function Authorized({ id }: { id: string }) {
  const [, navigate] = useLocation();
  const query = new URLSearchParams(location.search);
  const [state, code, iss] = ['state', 'code', 'iss'].map((name) => query.get(name) ?? undefined);
  const isGranted = state !== undefined && code !== undefined;
  const { data, error } = useQuery({
    queryKey: ['mcp-authorization', id, state],
    queryFn: () =>
      client.mcpConfigs.completeAuthorization(
        { params: { config_id: id }, body: { state: state!, code: code!, ...(iss && { iss }) } },
        { accountId: keptAccountOf(id) },
      ),
    enabled: isGranted,
    // The code can be used once.
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
  useEffect(() => {
    if (!data) return;
    showToast(`${data.name} is connected`);
    // The address with the code does not remain in the history.
    navigate('/settings/tool-servers', { replace: true });
  }, [data, navigate]);
  if (isGranted && !error) return <Loading what="Connecting" />;
  return (
    <SignedOutPage title="The tool server is not connected" aside={<Link href="/settings/tool-servers">Back to the tool servers</Link>}>
      {error ? <ErrorNotice error={error} /> : <p>Access was not granted.</p>}
    </SignedOutPage>
  );
}
