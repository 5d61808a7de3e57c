import { useMe } from '../../me.ts';
import { Select } from '../../ui/select.tsx';
import { AuditLog } from '../audit/log.tsx';
import { useMembers, useNameOf } from '../people/account.ts';

/** The audit log of the active account. */
export default function AccountAuditLog() {
  const accountId = useMe().data?.account_id;
  const [nameOf, members] = [useNameOf(), useMembers()];
  if (accountId === undefined) return null;
  return (
    <AuditLog
      title="Audit log"
      intro="Who changed something in this workspace, and when. Denied requests are included; texts of messages never are."
      accountId={accountId}
      nameOf={nameOf}
    >
      {(filters) => (
        <Select
          label="Who"
          value={filters.text('actor') ?? ''}
          onChange={(id) => filters.set('actor', id)}
          options={[{ value: '', label: 'Everyone' }, ...members.map(({ user_id, username }) => ({ value: user_id, label: username }))]}
        />
      )}
    </AuditLog>
  );
}
