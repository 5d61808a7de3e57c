import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { AccessLogEntry } from '../../../../client/index.ts';
import { duration, When } from '../components/format.tsx';
import { Page } from '../components/page.tsx';
import { More } from '../components/paging.tsx';
import { Empty, QueryState } from '../components/states.tsx';
import { type Column, Table } from '../components/table.tsx';
import { client } from '../session.ts';
import { Badge, Button } from '../ui/buttons.tsx';
import { TextField } from '../ui/fields.tsx';
import { Form, textOf } from '../ui/form.tsx';
import { Select } from '../ui/select.tsx';

type Filters = { method?: string | undefined; path?: string | undefined; ip?: string | undefined };

export default function AccessLog() {
  const [filters, filter] = useState<Filters>({});
  const log = useInfiniteQuery({
    queryKey: ['access-log', filters],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) => client.accessLog.list({ query: { ...filters, before: pageParam } }),
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
      <search className="filters">
        <Form
          submit="Filter"
          kind="secondary"
          onSubmit={async (values) => {
            const chosen = {
              method: textOf(values, 'method') || undefined,
              path: textOf(values, 'path') || undefined,
              ip: textOf(values, 'ip') || undefined,
            };
            // Validates the filters first, so that errors are shown next to the fields.
            await client.accessLog.list({ query: { ...chosen, limit: 1 } });
            filter(chosen);
          }}
        >
          <div className="in-a-row">
            <Select label="Method" name="method" defaultValue="" options={methods} />
            <TextField label="Path prefix" name="path" placeholder="/v1/threads" />
            <TextField label="IP address or network" name="ip" placeholder="192.0.2.0/24" />
          </div>
        </Form>
      </search>
      <QueryState query={{ ...log, data: log.data?.pages.flatMap(({ data }) => data) }} empty={<Empty title="No matching requests" />}>
        {(rows) => <Table caption="Access log" columns={columns} rows={rows} keyOf={({ id }) => id} />}
      </QueryState>
      <More query={log} />
    </Page>
  );
}

const methods = [{ value: '', label: 'Any' }, ...['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].map((value) => ({ value, label: value }))];

const columns: Column<AccessLogEntry>[] = [
  { title: 'When', cell: ({ timestamp }) => <When at={timestamp} /> },
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
  { title: 'Caller', cell: ({ username, identity_type }) => username || identity_type.replaceAll('_', ' ') },
  { title: 'Client', cell: ({ client_ip, country }) => [client_ip, country].filter(Boolean).join(' · ') },
  { title: 'Risk', isNumber: true, cell: ({ risk_score }) => risk_score.toFixed(2) },
];

const toneOf = (status: number) => (status >= 500 ? 'danger' : status >= 400 ? 'warning' : 'good');
