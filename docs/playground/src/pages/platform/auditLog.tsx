import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { AuditEntry } from '../../../../../client/index.ts';
import { When } from '../../components/format.tsx';
import { Page } from '../../components/page.tsx';
import { Empty } from '../../components/states.tsx';
import type { Column } from '../../components/table.tsx';
import { useDialog } from '../../resource/dialogs.tsx';
import { ChoiceFilter, SearchFilter, useFilters } from '../../resource/filters.tsx';
import { List } from '../../resource/list.tsx';
import { client } from '../../session.ts';
import { Badge, Button } from '../../ui/buttons.tsx';
import { rangeOf } from '../usage/figures.ts';
import { AuditDetail } from './audit/detail.tsx';
import { AccountName, ShortId, UserName } from './names.tsx';

const pageSize = 50;
/** Until now. Days are in UTC. */
const ranges = { today: 'Today', '7': '7 days', '30': '30 days' };

export default function AuditLog() {
  const [dialog, open] = useDialog();
  const [now] = useState(Date.now);
  const filters = useFilters('action', 'target', 'actor', 'account', 'days');
  const days = filters.oneOf('days', Object.keys(ranges) as (keyof typeof ranges)[]);
  const query = {
    action: filters.text('action'),
    target_type: filters.text('target'),
    actor_user_id: filters.text('actor'),
    account_id: filters.text('account'),
    since: days && startOf(rangeOf(days, now).start),
  };
  const log = useInfiniteQuery({
    queryKey: ['audit', query],
    initialPageParam: 0,
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam: offset }) => client.auditLogs.list({ query: { ...query, limit: pageSize, offset, include: 'state' } }),
    getNextPageParam: ({ data }, _, offset) => (data.length < pageSize ? undefined : offset + pageSize),
  });
  return (
    <Page
      title="Platform audit log"
      intro="Who changed what, in all accounts and on the platform. Denied attempts are included."
      actions={
        <Button icon="retry" busy={log.isRefetching} onClick={() => void log.refetch()}>
          Refresh
        </Button>
      }
    >
      <List
        caption="Audit log"
        query={{ ...log, data: log.data?.pages.flatMap(({ data }) => data) }}
        columns={columns}
        keyOf={({ id }) => id}
        nameOf={({ action }) => action}
        actionsOf={(entry) => [
          { label: 'Show details', icon: 'info', run: () => open((close) => <AuditDetail entry={entry} onClose={close} />) },
          {
            label: `Only ${entry.action}`,
            icon: 'filter',
            run: () => filters.set('action', entry.action),
          },
          entry.actor_user_id !== null && {
            label: 'Only this user',
            icon: 'user',
            run: () => filters.set('actor', entry.actor_user_id ?? ''),
          },
          entry.account_id !== null && {
            label: 'Only this account',
            icon: 'account',
            run: () => filters.set('account', entry.account_id ?? ''),
          },
        ]}
        filters={filters}
        empty={<Empty title="No entries">Each change that a user makes appears here.</Empty>}
      >
        <SearchFilter filters={filters} name="action" label="Action" placeholder="credits.adjust" />
        <SearchFilter filters={filters} name="target" label="Type of the object" placeholder="plan" />
        <ChoiceFilter filters={filters} label="Time" name="days" options={Object.entries(ranges)} />
        {filters.isActive && (
          <Button kind="ghost" onClick={filters.clear}>
            Clear filters
          </Button>
        )}
      </List>
      {dialog}
    </Page>
  );
}

const startOf = (day: string) => `${day}T00:00:00Z`;
const isId = (text: string) => /^[0-9a-f]{8}-[0-9a-f]{4}-/.test(text);

const columns: Column<AuditEntry>[] = [
  { title: 'When', cell: ({ created_at }) => <When at={created_at} /> },
  {
    title: 'Action',
    cell: ({ action, metadata, target_type, target_id }) => (
      <>
        <code>{action}</code> {metadata.result === 'denied' && <Badge tone="danger">denied</Badge>}
        {target_id !== null && (
          <div className="muted small">
            {target_type.replaceAll('_', ' ')} {isId(target_id) ? <ShortId id={target_id} /> : target_id}
          </div>
        )}
      </>
    ),
  },
  { title: 'By', cell: ({ actor_user_id }) => (actor_user_id === null ? 'the system' : <UserName id={actor_user_id} />) },
  { title: 'Account', cell: ({ account_id }) => (account_id === null ? 'platform' : <AccountName id={account_id} />) },
  { title: 'Address', cell: ({ ip_address }) => ip_address ?? '–' },
];
