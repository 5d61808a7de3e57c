import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import type { AccessLogEntry } from '../../../../../client/index.ts';
import { duration, Moment } from '../../components/format.tsx';
import { Page } from '../../components/page.tsx';
import { Empty } from '../../components/states.tsx';
import type { Column } from '../../components/table.tsx';
import { FilterBar, useFilters } from '../../resource/filters.tsx';
import { List } from '../../resource/list.tsx';
import { client } from '../../session.ts';
import { Badge, Button } from '../../ui/buttons.tsx';
import { TextField } from '../../ui/fields.tsx';
import { Form, textOf } from '../../ui/form.tsx';
import { Select } from '../../ui/select.tsx';

const names = ['method', 'path', 'ip', 'ua_type'] as const;
const clients = ['browser', 'bot', 'tool', 'unknown'] as const;

export default function AccessLog() {
  const filters = useFilters(...names);
  const query = {
    method: filters.text('method'),
    path: filters.text('path'),
    ip: filters.text('ip'),
    ua_type: filters.oneOf('ua_type', clients),
  };
  const log = useInfiniteQuery({
    queryKey: ['access-log', query],
    initialPageParam: undefined as string | undefined,
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam }) => client.accessLog.list({ query: { ...query, before: pageParam } }),
    getNextPageParam: ({ next_before }) => next_before ?? undefined,
  });
  return (
    <Page
      title="Access log"
      intro="Requests through the gateway, newest first."
      actions={
        <Button icon="retry" busy={log.isRefetching} onClick={() => void log.refetch()}>
          Refresh
        </Button>
      }
    >
      <FilterBar filters={filters} className="filter-form" folds key={names.map((name) => filters.text(name)).join('\n')}>
        <Form
          submit="Filter"
          kind="secondary"
          onSubmit={async (values) => {
            const chosen = Object.fromEntries(names.map((name) => [name, textOf(values, name)]));
            const ua_type = clients.find((each) => each === chosen.ua_type);
            const { method, path, ip } = chosen;
            // Validates the filters first, so that errors are shown next to the fields.
            await client.accessLog.list({
              query: { method: method || undefined, path: path || undefined, ip: ip || undefined, ua_type, limit: 1 },
            });
            filters.setAll(chosen);
          }}
        >
          <TextField label="Method" name="method" placeholder="GET" defaultValue={query.method} />
          <TextField label="Path prefix" name="path" placeholder="/v1/threads" defaultValue={query.path} />
          <TextField label="IP address or network" name="ip" placeholder="192.0.2.0/24" defaultValue={query.ip} />
          <Select
            label="Client"
            name="ua_type"
            defaultValue={query.ua_type ?? ''}
            options={[{ value: '', label: 'All' }, ...clients.map((value) => ({ value, label: value }))]}
          />
        </Form>
      </FilterBar>
      <List
        caption="Access log"
        query={{ ...log, data: log.data?.pages.flatMap(({ data }) => data) }}
        columns={columns}
        keyOf={({ id }) => id}
        filters={filters}
        empty={<Empty title="No requests yet">Requests that pass through the gateway appear here within seconds.</Empty>}
      />
    </Page>
  );
}

const columns: Column<AccessLogEntry>[] = [
  { title: 'When', cell: ({ timestamp }) => <Moment at={timestamp} /> },
  {
    title: 'Request',
    cell: ({ method, path }) => (
      <code className="address">
        {method} {path}
      </code>
    ),
  },
  { title: 'Status', cell: ({ status_code }) => <Badge tone={toneOf(status_code)}>{status_code}</Badge> },
  { title: 'Duration', isNumber: true, cell: ({ duration_ms }) => duration(duration_ms) },
  {
    title: 'Caller',
    cell: ({ username, service_key_id, identity_type }) =>
      username || (service_key_id ? 'service key' : identity_type.replaceAll('_', ' ')),
  },
  { title: 'Client', cell: ({ client_ip, country }) => [client_ip, country].filter(Boolean).join(' · ') },
  { title: 'Risk', isNumber: true, cell: ({ risk_score }) => risk_score.toFixed(2) },
];

const toneOf = (status: number) => (status >= 500 ? 'danger' : status >= 400 ? 'warning' : 'good');
