import { Page } from '../../components/page.tsx';
import { useDialog } from '../../resource/dialogs.tsx';
import { useFilters } from '../../resource/filters.tsx';
import { Button } from '../../ui/buttons.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { InviteCodes } from './codes/inviteCodes.tsx';
import { NewCodes, RedemptionCodes } from './codes/redemptionCodes.tsx';
import { Referrals } from './codes/referrals.tsx';

const views = ['redemption', 'invite', 'referrals'] as const;

export default function Codes() {
  const filters = useFilters();
  const [dialog, open] = useDialog();
  const view = filters.oneOf('view', views) ?? 'redemption';
  const add = (
    <Button kind="primary" icon="add" onClick={() => open((close) => <NewCodes onClose={close} />)}>
      New codes
    </Button>
  );
  return (
    <Page
      title="Codes and referrals"
      intro="Redemption codes give credits or a feature. With their invite code, users bring others to the platform."
      actions={view === 'redemption' && add}
    >
      <Tabs
        label="Codes"
        value={view}
        onChange={(next) => filters.set('view', next === 'redemption' ? '' : next)}
        tabs={[
          { value: 'redemption', label: 'Redemption codes', content: <RedemptionCodes add={add} /> },
          { value: 'invite', label: 'Invite codes', content: <InviteCodes /> },
          { value: 'referrals', label: 'Referrals', content: <Referrals /> },
        ]}
      />
      {dialog}
    </Page>
  );
}
