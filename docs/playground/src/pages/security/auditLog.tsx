import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { AuditEntry } from '../../../../../client/index.ts';
import { count, When } from '../../components/format.tsx';
import { Page } from '../../components/page.tsx';
import { Scrolling } from '../../components/scrolling.tsx';
import { Empty, QueryState } from '../../components/states.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { useMe } from '../../me.ts';
import { useDialog } from '../../resource/dialogs.tsx';
import { client } from '../../session.ts';
import { Badge, Button } from '../../ui/buttons.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/fields.tsx';
import { Select } from '../../ui/select.tsx';
import { useMembers, useNameOf } from '../people/account.ts';

const limit = 50;

/** Who changed what in the account, and when. */
export default function AuditLog() {
  const accountId = useMe().data?.account_id;
  const [action, setAction] = useState('');
  const [since, setSince] = useState('');
  const [actor, setActor] = useState('');
  const [offset, setOffset] = useState(0);
  const [dialog, open] = useDialog();
  const [nameOf, members] = [useNameOf(), useMembers()];
  const query = {
    account_id: accountId!,
    action: action.trim() || undefined,
    actor_user_id: actor || undefined,
    since: since ? startOf(since) : undefined,
    offset,
    limit,
  };
  const log = useQuery({
    queryKey: ['audit-log', query],
    queryFn: () => client.auditLogs.list({ query }),
    enabled: accountId !== undefined,
    placeholderData: keepPreviousData,
  });
  const filter = (set: (value: string) => void) => (value: string) => {
    set(value);
    setOffset(0);
  };
  const columns: Column<AuditEntry>[] = [
    {
      title: 'What',
      cell: ({ action: done, metadata, target_type, target_id }) => (
        <>
          <code>{done}</code> {metadata.result === 'denied' && <Badge tone="danger">Denied</Badge>}
          {target_id && (
            <div className="muted small address">
              {target_type.replaceAll('_', ' ')} {target_id}
            </div>
          )}
        </>
      ),
    },
    { title: 'Who', cell: ({ actor_user_id: id }) => (id === null ? 'System' : nameOf(id)) },
    { title: 'When', cell: ({ created_at }) => <When at={created_at} /> },
    { title: 'Address', cell: ({ ip_address }) => ip_address ?? '–' },
    {
      title: 'Actions',
      isActions: true,
      cell: (entry) => (
        <Button
          kind="ghost"
          aria-label={`Details of ${entry.action}`}
          onClick={() => open((close) => <Entry id={entry.id} query={query} onClose={close} />)}
        >
          Details
        </Button>
      ),
    },
  ];
  return (
    <Page
      title="Audit log"
      intro="Who changed something in this account, and when. Denied requests are included; texts of messages never are."
    >
      <search className="filters">
        <TextField
          label="Action"
          type="search"
          placeholder="api_key.create"
          value={action}
          onChange={({ currentTarget }) => filter(setAction)(currentTarget.value)}
        />
        <Select
          label="Who"
          value={actor}
          onChange={filter(setActor)}
          options={[{ value: '', label: 'Everyone' }, ...members.map(({ user_id, username }) => ({ value: user_id, label: username }))]}
        />
        <TextField label="Since" type="date" value={since} onChange={({ currentTarget }) => filter(setSince)(currentTarget.value)} />
      </search>
      <QueryState query={{ ...log, data: log.data?.data }} empty={<Empty title="No matching entries" />}>
        {(rows) => <Table caption="Audit log" columns={columns} rows={rows} keyOf={({ id }) => id} />}
      </QueryState>
      {log.data && log.data.total > limit && (
        <nav className="pager" aria-label="Pages">
          <Button kind="ghost" disabled={offset === 0} onClick={() => setOffset(offset - limit)}>
            Newer
          </Button>
          <span className="muted small">
            {count(offset + 1)}–{count(offset + log.data.data.length)} of {log.data.total_is_exact ? '' : 'more than '}
            {count(log.data.total)}
          </span>
          <Button kind="ghost" disabled={offset + limit >= log.data.total} onClick={() => setOffset(offset + limit)}>
            Older
          </Button>
        </nav>
      )}
      {dialog}
    </Page>
  );
}

const startOf = (day: string) => new Date(`${day}T00:00`).toISOString();

type EntryProps = { id: string; query: NonNullable<Parameters<typeof client.auditLogs.list>[0]>['query']; onClose: () => void };

/** An entry with the states before and after, which only the list returns. */
function Entry({ id, query, onClose }: EntryProps) {
  const log = useQuery({
    queryKey: ['audit-log', query, 'state'],
    queryFn: () => client.auditLogs.list({ query: { ...query, include: 'state' } }),
  });
  return (
    <Dialog title="Audit entry" onClose={onClose} side>
      <QueryState query={{ ...log, data: log.data?.data.find((each) => each.id === id) }}>
        {(entry) => (
          <div className="form">
            <dl className="facts">
              <dt>Action</dt>
              <dd>
                <code>{entry.action}</code>
              </dd>
              <dt>Object</dt>
              <dd className="address">
                {entry.target_type.replaceAll('_', ' ')} {entry.target_id}
              </dd>
              <dt>Address</dt>
              <dd>{entry.ip_address ?? '–'}</dd>
              <dt>Client</dt>
              <dd>{entry.user_agent ?? '–'}</dd>
              <dt>Trace</dt>
              <dd>
                <code className="address">{entry.trace_id}</code>
              </dd>
            </dl>
            <State title="Details" state={entry.metadata} />
            <State title="Before" state={entry.before_state} />
            <State title="After" state={entry.after_state} />
          </div>
        )}
      </QueryState>
    </Dialog>
  );
}

const State = ({ title, state }: { title: string; state: AuditEntry['before_state'] }) =>
  state && Object.keys(state).length > 0 ? (
    <section className="section">
      <h3>{title}</h3>
      <Scrolling as="pre" aria-label={title}>
        {JSON.stringify(state, null, 2)}
      </Scrolling>
    </section>
  ) : null;
