import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { AuditEntry } from '../../../../../client/index.ts';
import { Moment } from '../../components/format.tsx';
import { Page } from '../../components/page.tsx';
import { Empty } from '../../components/states.tsx';
import type { Column } from '../../components/table.tsx';
import { useDialog } from '../../resource/dialogs.tsx';
import { ExportMenu } from '../../resource/exports.tsx';
import { DateFilter, type Filters, TextFilter, useFilters } from '../../resource/filters.tsx';
import { List } from '../../resource/list.tsx';
import { client } from '../../session.ts';
import { Badge, Button } from '../../ui/buttons.tsx';
import { AccountName, ShortId } from '../platform/names.tsx';
import { actionOptions, actionText, targetOptions, targetText } from './actions.ts';
import { AuditDetail } from './detail.tsx';

const pageSize = 50;

type AuditLogProps = {
  title: string;
  intro: string;
  /** Without it, the entries of all accounts and of the platform are shown, with their account. */
  accountId?: string;
  nameOf: (userId: string) => ReactNode;
  /** A further filter, which sets `actor`. */
  children?: (filters: Filters) => ReactNode;
};

/** Who changed what, and when, with filters in the address. */
export function AuditLog({ title, intro, accountId, nameOf, children }: AuditLogProps) {
  const [dialog, open] = useDialog();
  const filters = useFilters('action', 'target', 'actor', 'account', 'since');
  const query = {
    action: filters.text('action'),
    target_type: filters.text('target'),
    actor_user_id: filters.text('actor'),
    account_id: accountId ?? filters.text('account'),
    since: filters.day('since'),
  };
  const log = useInfiniteQuery({
    queryKey: ['audit', query],
    initialPageParam: 0,
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam: offset }) => client.auditLogs.list({ query: { ...query, limit: pageSize, offset, include: 'state' } }),
    getNextPageParam: ({ data, total }, _, offset) => (data.length > 0 && offset + data.length < total ? offset + data.length : undefined),
  });
  const who = ({ actor_user_id: id, metadata }: AuditEntry) =>
    id === null ? (metadata.service_key_id ? 'Service key' : 'System') : nameOf(id);
  const where = ({ account_id: id }: AuditEntry) => (id === null ? 'Platform' : <AccountName id={id} />);
  const isOfAll = accountId === undefined;
  const columns: Column<AuditEntry>[] = [
    { title: 'When', cell: ({ created_at }) => <Moment at={created_at} /> },
    { title: 'Action', cell: (entry) => <Action entry={entry} /> },
    {
      title: 'Who',
      cell: (entry) => (
        <>
          {who(entry)}
          {isOfAll && <div className="muted small">{where(entry)}</div>}
        </>
      ),
    },
    { title: 'Address', cell: ({ ip_address }) => ip_address ?? '–' },
  ];
  return (
    <Page
      title={title}
      intro={intro}
      actions={
        <>
          <ExportMenu name="audit-log" load={(format) => client.auditLogs.export({ query: { ...query, format, include: 'state' } })} />
          <Button icon="retry" busy={log.isRefetching} onClick={() => void log.refetch()}>
            Refresh
          </Button>
        </>
      }
    >
      <List
        caption="Audit log"
        query={{ ...log, data: log.data?.pages.flatMap(({ data }) => data) }}
        columns={columns}
        keyOf={({ id }) => id}
        nameOf={({ action }) => actionText(action)}
        actionsOf={(entry) => [
          {
            label: 'Show details',
            icon: 'info',
            run: () =>
              open((close) => <AuditDetail entry={entry} who={who(entry)} where={isOfAll ? where(entry) : undefined} onClose={close} />),
          },
          { label: `Only “${actionText(entry.action)}”`, icon: 'filter', run: () => filters.set('action', entry.action) },
          entry.actor_user_id !== null && {
            label: 'Only this user',
            icon: 'user',
            run: () => filters.set('actor', entry.actor_user_id ?? ''),
          },
          isOfAll &&
            entry.account_id !== null && {
              label: 'Only this account',
              icon: 'account',
              run: () => filters.set('account', entry.account_id ?? ''),
            },
        ]}
        filters={filters}
        empty={<Empty title="No entries">Each change that a user makes appears here.</Empty>}
      >
        <TextFilter filters={filters} name="action" label="Action" options={actionOptions(isOfAll)} ownText="Another action, by its code" />
        <TextFilter filters={filters} name="target" label="Object" options={targetOptions(isOfAll)} ownText="Another type, by its code" />
        {children?.(filters)}
        <DateFilter filters={filters} name="since" label="Since" />
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

const isId = (text: string) => /^[0-9a-f]{8}-[0-9a-f]{4}-/.test(text);

const Action = ({ entry: { action, metadata, target_type, target_id } }: { entry: AuditEntry }) => (
  <>
    <span>{actionText(action)}</span> {metadata.result === 'denied' && <Badge tone="danger">Denied</Badge>}
    {target_id !== null && (
      <div className="muted small">
        {targetText(target_type)} {isId(target_id) ? <ShortId id={target_id} /> : target_id}
      </div>
    )}
  </>
);
