import { useQuery } from '@tanstack/react-query';
import type { Team, TeamMember } from '../../../../../client/index.ts';
import { count, When } from '../../components/format.tsx';
import { Page } from '../../components/page.tsx';
import { listChoices, rowsOf, usePages } from '../../components/paging.tsx';
import { Empty } from '../../components/states.tsx';
import type { Column } from '../../components/table.tsx';
import { useMay } from '../../me.ts';
import { ConfirmDialog, FormDialog, useAction, useChanged, useDialog } from '../../resource/dialogs.tsx';
import { PagedRows } from '../../resource/resourceList.tsx';
import { client } from '../../session.ts';
import { Button } from '../../ui/buttons.tsx';
import { Choice } from '../../ui/choice.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/fields.tsx';
import { Form, textOf } from '../../ui/form.tsx';
import { useAccount, useMembers, useNameOf } from './account.ts';
import { PersonalAccount } from './personalAccount.tsx';

const teamsKey = ['teams'];

/** The teams of the account, for a choice or for names. */
export const useAllTeams = () =>
  useQuery({
    queryKey: [...teamsKey, 'all'],
    queryFn: () => listChoices((query) => client.teams.list({ query })),
    structuralSharing: false,
  });

/** Groups of members that projects can be shared with. */
export default function Teams() {
  const teams = usePages(teamsKey, (page) => client.teams.list({ query: page }));
  const mayManage = useMay('account.teams.manage');
  const isPersonal = useAccount().data?.type === 'personal';
  const [dialog, open] = useDialog();
  const add = mayManage && !isPersonal && (
    <Button kind="primary" icon="add" onClick={() => open((close) => <NewTeam onClose={close} />)}>
      New team
    </Button>
  );
  return (
    <Page title="Teams" intro="A project that is shared with a team is visible to its members only." actions={add}>
      <PagedRows
        query={teams}
        caption="Teams"
        columns={columns}
        keyOf={({ id }) => id}
        nameOf={({ name }) => name}
        empty={
          isPersonal ? (
            <PersonalAccount open={open} />
          ) : (
            <Empty title="No teams yet" action={add}>
              With a team you share projects with a part of the workspace.
            </Empty>
          )
        }
        actionsOf={(team) => [
          {
            label: mayManage ? 'Manage members' : 'Show members',
            icon: 'users',
            run: () => open((close) => <TeamMembers team={team} onClose={close} />),
          },
          mayManage && {
            label: 'Delete',
            icon: 'remove',
            isDangerous: true,
            run: () => open((close) => <Deletion team={team} onClose={close} />),
          },
        ]}
      />
      {dialog}
    </Page>
  );
}

const columns: Column<Team>[] = [
  { title: 'Name', cell: ({ name }) => name },
  { title: 'Members', isNumber: true, cell: ({ members_count }) => count(members_count) },
  { title: 'Created', cell: ({ created_at }) => <When at={created_at} /> },
];

const NewTeam = ({ onClose }: { onClose: () => void }) => (
  <FormDialog
    title="New team"
    submit="Create"
    done="Team created"
    changes={[teamsKey]}
    onClose={onClose}
    onSubmit={(values) => client.teams.create({ body: { name: textOf(values, 'name') } })}
  >
    <TextField label="Name" name="name" placeholder="Research" required />
  </FormDialog>
);

const Deletion = ({ team, onClose }: { team: Team; onClose: () => void }) => (
  <ConfirmDialog
    title={`Delete the team “${team.name}”?`}
    confirm="Delete"
    done="Team deleted"
    changes={[teamsKey]}
    onClose={onClose}
    action={() => client.teams.delete({ params: { team_id: team.id } })}
  >
    Projects that are shared with it become private. Its members stay in the workspace.
  </ConfirmDialog>
);

function TeamMembers({ team, onClose }: { team: Team; onClose: () => void }) {
  const [params, key] = [{ team_id: team.id }, [...teamsKey, team.id]];
  const mayManage = useMay('account.teams.manage');
  const [nameOf, members, changed, run] = [useNameOf(), useMembers(), useChanged(), useAction()];
  const inTeam = usePages(key, (page) => client.teams.members({ params, query: page }));
  const isIn = (userId: string) => rowsOf(inTeam.data)?.some(({ user_id }) => user_id === userId);
  const others = members.filter(({ user_id }) => !isIn(user_id));
  const columns: Column<TeamMember>[] = [
    { title: 'Name', cell: ({ user_id }) => nameOf(user_id) },
    { title: 'Added', cell: ({ created_at }) => <When at={created_at} /> },
  ];
  return (
    <Dialog title={team.name} onClose={onClose} side>
      {mayManage && others.length > 0 && (
        <Form
          submit="Add"
          onSubmit={async (values) => {
            await client.teams.addMember({ params, body: { user_id: textOf(values, 'user_id'), role: 'member' } });
            await changed(teamsKey);
          }}
        >
          <Choice
            label="Member to add"
            name="user_id"
            key={others.length}
            required
            options={others.map(({ user_id, username, email }) => ({ value: user_id, label: username, description: email }))}
          />
        </Form>
      )}
      <PagedRows
        query={inTeam}
        caption={`Members of ${team.name}`}
        columns={columns}
        keyOf={({ user_id }) => user_id}
        nameOf={({ user_id }) => nameOf(user_id)}
        empty={<Empty title="Nobody yet">Members of the team see the projects that are shared with it.</Empty>}
        actionsOf={({ user_id }) => [
          mayManage && {
            label: 'Remove from the team',
            icon: 'remove',
            run: () => run(() => client.teams.removeMember({ params: { ...params, user_id } }), 'Removed', teamsKey),
          },
        ]}
      />
    </Dialog>
  );
}
