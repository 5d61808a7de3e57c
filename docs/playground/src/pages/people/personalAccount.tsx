import { Empty } from '../../components/states.tsx';
import type { OpenDialog } from '../../resource/dialogs.tsx';
import { Button } from '../../ui/buttons.tsx';
import { NewWorkspace } from './workspaces.tsx';

/** In place of what a personal account does not have: other people. */
export const PersonalAccount = ({ open }: { open: OpenDialog }) => (
  <Empty
    title="This is your personal workspace"
    action={
      <Button kind="primary" icon="add" onClick={() => open((close) => <NewWorkspace onClose={close} />)}>
        New workspace
      </Button>
    }
  >
    Only you can use it. Create a workspace to share models, tools and projects with colleagues.
  </Empty>
);
