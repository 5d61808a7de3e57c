import { useQuery } from '@tanstack/react-query';
import type { ApiKey, ApiKeyUsage } from '../../../../../client/index.ts';
import { count, When } from '../../components/format.tsx';
import { QueryState } from '../../components/states.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { client } from '../../session.ts';
import { Dialog } from '../../ui/dialog.tsx';

type Period = {
  name: string;
  credits: number;
  requests: number;
  maxCredits: number | null;
  maxRequests: number | null;
  resets: string | null;
};

const of = (used: number, limit: number | null) => (limit === null ? count(used) : `${count(used)} of ${count(limit)}`);

const periodColumns: Column<Period>[] = [
  { title: 'Period', cell: ({ name }) => name },
  { title: 'Credits', isNumber: true, cell: ({ credits, maxCredits }) => of(credits, maxCredits) },
  { title: 'Requests', isNumber: true, cell: ({ requests, maxRequests }) => of(requests, maxRequests) },
  { title: 'Starts again', cell: ({ resets }) => (resets ? <When at={resets} /> : '–') },
];

const periodsOf = ({ day, month, total }: ApiKeyUsage, { limits }: ApiKey): Period[] => [
  { name: 'Today (UTC)', ...day, maxCredits: limits.credits_per_day, maxRequests: limits.requests_per_day, resets: day.resets_at },
  {
    name: 'This month (UTC)',
    ...month,
    maxCredits: limits.credits_per_month,
    maxRequests: limits.requests_per_month,
    resets: month.resets_at,
  },
  { name: 'In total', ...total, maxCredits: limits.credits_total, maxRequests: limits.requests_total, resets: null },
];

/** What a key has used of its limits. */
export function Usage({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const usage = useQuery({
    queryKey: ['api-key-usage', apiKey.id],
    queryFn: () => client.apiKeys.usage({ params: { id: apiKey.id } }),
  });
  return (
    <Dialog title={`Usage of “${apiKey.name}”`} onClose={onClose} wide>
      <QueryState query={usage}>
        {(found) => (
          <div className="form">
            <Table caption="Usage and limits" columns={periodColumns} rows={periodsOf(found, apiKey)} keyOf={({ name }) => name} />
            {found.reserved_credits > 0 && (
              <p className="muted">{count(found.reserved_credits)} more credits are reserved by active runs and chat completions.</p>
            )}
            {apiKey.limits.requests_per_minute !== null && (
              <p className="muted">At most {count(apiKey.limits.requests_per_minute)} requests per minute.</p>
            )}
            {apiKey.models && <p className="muted">Only these models: {apiKey.models.join(', ')}.</p>}
          </div>
        )}
      </QueryState>
    </Dialog>
  );
}
