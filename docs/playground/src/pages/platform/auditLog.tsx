import { AuditLog } from '../audit/log.tsx';
import { UserName } from './names.tsx';

export default function PlatformAuditLog() {
  return (
    <AuditLog
      title="Platform audit log"
      intro="Who changed what, in all accounts and on the platform. Denied requests are included; texts of messages never are."
      nameOf={(id) => <UserName id={id} />}
    />
  );
}
