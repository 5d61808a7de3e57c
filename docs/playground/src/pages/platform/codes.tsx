import { Page } from '../../components/page.tsx';
import { useFilters } from '../../resource/filters.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { InviteCodes } from './codes/inviteCodes.tsx';
import { RedemptionCodes } from './codes/redemptionCodes.tsx';
import { Referrals } from './codes/referrals.tsx';

const views = ['redemption', 'invite', 'referrals'] as const;

export default function Codes() {
  const filters = useFilters();
  return (
    <Page
      title="Codes and referrals"
      intro="Redemption codes give credits or a feature. With their invite code, users bring others to the platform."
    >
      <Tabs
        label="Codes"
        value={filters.oneOf('view', views) ?? 'redemption'}
        onChange={(next) => filters.set('view', next === 'redemption' ? '' : next)}
        tabs={[
          { value: 'redemption', label: 'Redemption codes', content: <RedemptionCodes /> },
          { value: 'invite', label: 'Invite codes', content: <InviteCodes /> },
          { value: 'referrals', label: 'Referrals', content: <Referrals /> },
        ]}
      />
    </Page>
  );
}
