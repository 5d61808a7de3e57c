import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useRef, useState } from 'react';
import type { Project, WorkspaceFile, WorkspaceItem } from '../../../../../client/index.ts';
import { saveBlob } from '../../chat/message/markdown/download.ts';
import { fileSize, When } from '../../components/format.tsx';
import { Empty, messageOf, QueryState } from '../../components/states.tsx';
import { useMay } from '../../me.ts';
import { useChanged } from '../../resource/dialogs.tsx';
import { RowMenu } from '../../resource/rowMenu.tsx';
import { client } from '../../session.ts';
import { Button } from '../../ui/buttons.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Icon } from '../../ui/icons.tsx';
import { showToast } from '../../ui/toasts.tsx';
import { Deletion, RenameForm, Replacement } from './fileDialogs.tsx';
import { FileView } from './fileView.tsx';

type FilesProps = { project: Project; onClose: () => void };

/** The files of the user and their runs in a project. */
export function Files({ project: { id, name }, onClose }: FilesProps) {
  const [path, go] = useState('/');
  /** What is shown instead of the list. */
  const [view, show] = useState<ReactNode>();
  const [isSending, setSending] = useState(false);
  const changed = useChanged();
  const mayChange = useMay('data.runs.write');
  const params = { project_id: id };
  const workspace = useQuery({
    queryKey: ['workspace', id],
    queryFn: () => client.workspaces.get({ params }),
    staleTime: 0,
  });
  const folder = useQuery({
    queryKey: ['workspace', id, path],
    queryFn: () => client.workspaces.files({ params, query: { path } }),
    staleTime: 0,
  });
  const back = () => show(undefined);
  const reload = () => changed(['workspace', id]);
  const steps = path.split('/').filter(Boolean);
  const stepTo = (index: number) => `/${steps.slice(0, index).join('/')}`;
  const items = folder.data?.items;

  const attempt = async (work: () => Promise<unknown>) => {
    setSending(true);
    try {
      await work();
    } catch (error) {
      showToast(messageOf(error), { tone: 'danger' });
    } finally {
      setSending(false);
      await reload();
    }
  };
  /** Files that are new are sent. Then the user is asked about those that would replace another one. */
  const upload = (files: readonly File[]) =>
    attempt(async () => {
      const taken: { file: File; present: WorkspaceFile }[] = [];
      for (const file of files) {
        const present = items?.find((item) => item.name === file.name);
        if (present && present.type !== 'dir') taken.push({ file, present });
        else await uploadNew(id, joined(path, file.name), file);
      }
      if (taken.length > 0) show(<Replacement projectId={id} replaced={taken} onDone={back} />);
      else if (files.length > 0) showToast(files.length === 1 ? 'File uploaded' : `${files.length} files uploaded`);
    });
  const download = () =>
    attempt(async () =>
      saveBlob(
        `${steps.at(-1) ?? name}.zip`,
        await client.workspaces.archive({ params, query: { path } }, { fetchOptions: { cache: 'no-cache' } }),
      ),
    );

  if (view) return view;
  return (
    <Dialog
      title={`Files of ${name}`}
      {...(workspace.data && {
        intro: (
          <>
            Your files in this project, last used <When at={workspace.data.last_used_at} />
          </>
        ),
      })}
      onClose={onClose}
      side
    >
      <nav className="path" aria-label="Folder">
        {['Files', ...steps].map((step, index) => (
          <button
            key={stepTo(index)}
            type="button"
            className="link"
            aria-current={index === steps.length}
            onClick={() => go(stepTo(index))}
          >
            {step}
          </button>
        ))}
      </nav>
      <div className="actions">
        {items && items.length > 0 && (
          <Button kind="ghost" icon="download" busy={isSending} onClick={() => void download()}>
            Download as zip
          </Button>
        )}
        {mayChange && <UploadButton busy={isSending} onFiles={(files) => void upload(files)} />}
      </div>
      {workspace.data?.status === 'unavailable' && <p className="notice">This installation has no store for files.</p>}
      <QueryState
        query={{ ...folder, data: items }}
        empty={<Empty title="No files here">What agents write in the chats of this project appears here.</Empty>}
      >
        {(all) => (
          <ul className="files">
            {all.map((item) => (
              <li key={item.path}>
                <button
                  type="button"
                  disabled={item.type === 'symlink'}
                  onClick={() =>
                    item.type === 'dir' ? go(item.path) : show(<FileView projectId={id} file={item} onBack={back} onClose={onClose} />)
                  }
                >
                  <Icon name={item.type === 'dir' ? 'folder' : 'file'} />
                  <span>{item.name}</span>
                </button>
                {item.type !== 'dir' && (
                  <span className="muted small">
                    {fileSize(item.size)} · <When at={new Date(item.mtime_unix_ms).toISOString()} />
                  </span>
                )}
                <span>
                  <RowMenu
                    of={item.name}
                    actions={[
                      mayChange && {
                        label: 'Rename or move',
                        icon: 'edit',
                        run: () => show(<RenameForm projectId={id} item={item} onDone={back} />),
                      },
                      mayChange && {
                        label: 'Delete',
                        icon: 'remove',
                        isDangerous: true,
                        run: () => show(<Deletion projectId={id} item={item} onDone={back} />),
                      },
                    ]}
                  />
                </span>
              </li>
            ))}
          </ul>
        )}
      </QueryState>
    </Dialog>
  );
}

const joined = (folder: string, name: WorkspaceItem['name']) => `${folder === '/' ? '' : folder}/${name}`;

/** Fails if a run has written a file with this name meanwhile. */
const uploadNew = (projectId: string, path: string, file: File) =>
  client.workspaces.upload({ params: { project_id: projectId }, query: { path }, body: { file } }, { headers: { 'if-none-match': '*' } });

function UploadButton({ busy, onFiles }: { busy: boolean; onFiles: (files: readonly File[]) => void }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        onChange={({ currentTarget }) => {
          onFiles([...(currentTarget.files ?? [])]);
          currentTarget.value = '';
        }}
      />
      <Button icon="upload" busy={busy} onClick={() => input.current?.click()}>
        Upload
      </Button>
    </>
  );
}
