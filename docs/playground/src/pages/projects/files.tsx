import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { Project, WorkspaceItem } from '../../../../../client/index.ts';
import { fileSize, When } from '../../components/format.tsx';
import { Scrolling } from '../../components/scrolling.tsx';
import { Empty, QueryState } from '../../components/states.tsx';
import { client } from '../../session.ts';
import { Button } from '../../ui/buttons.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Icon } from '../../ui/icons.tsx';

type FilesProps = { project: Project; onClose: () => void };
type File = Extract<WorkspaceItem, { type: 'file' | 'symlink' }>;

/** The files that the user's runs have written in a project. */
export function Files({ project, onClose }: FilesProps) {
  const [path, go] = useState('/');
  const [shown, show] = useState<File>();
  const params = { project_id: project.id };
  const folder = useQuery({
    queryKey: ['workspace', project.id, path],
    queryFn: () => client.workspaces.files({ params, query: { path } }),
    staleTime: 0,
  });
  const steps = path.split('/').filter(Boolean);
  const stepTo = (index: number) => `/${steps.slice(0, index).join('/')}`;
  if (shown) return <FileView projectId={project.id} file={shown} onBack={() => show(undefined)} onClose={onClose} />;
  return (
    <Dialog title={`Files of ${project.name}`} onClose={onClose} side>
      <nav className="path" aria-label="Folder">
        {['Workspace', ...steps].map((step, index) => (
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
      <QueryState
        query={{ ...folder, data: folder.data?.items }}
        empty={<Empty title="No files here">What agents write in the chats of this project appears here.</Empty>}
      >
        {(items) => (
          <ul className="files">
            {items.map((item) => (
              <li key={item.path}>
                <button type="button" disabled={item.type === 'symlink'} onClick={() => (item.type === 'dir' ? go(item.path) : show(item))}>
                  <Icon name={item.type === 'dir' ? 'folder' : 'file'} />
                  <span>{item.name}</span>
                </button>
                {item.type !== 'dir' && (
                  <span className="muted small">
                    {fileSize(item.size)} · <When at={new Date(item.mtime_unix_ms).toISOString()} />
                  </span>
                )}
              </li>
            ))}
          </ul>
        )}
      </QueryState>
    </Dialog>
  );
}

/** Larger files are offered for download only. */
const maxShownBytes = 512 * 1_024;
const isText = (type: string) => /^text\/|json|xml|javascript|yaml|toml/.test(type);
/** SVG is shown as text. */
const isPicture = (type: string) => /^image\/(png|jpeg|gif|webp|avif)$/.test(type);

type FileViewProps = { projectId: string; file: File; onBack: () => void; onClose: () => void };

function FileView({ projectId, file, onBack, onClose }: FileViewProps) {
  const content = useQuery({
    queryKey: ['workspace', projectId, file.path, 'content', file.mtime_unix_ms],
    queryFn: () => load(projectId, file),
  });
  const address = useAddress(content.data?.blob);
  const [text, type] = [content.data?.text, content.data?.blob.type ?? ''];
  return (
    <Dialog title={file.name} onClose={onClose} side>
      <div className="actions">
        <Button kind="ghost" icon="back" onClick={onBack}>
          All files
        </Button>
        {address && (
          <a className="button ghost" href={address} download={file.name}>
            <Icon name="download" />
            Download
          </a>
        )}
      </div>
      <QueryState query={content}>
        {() =>
          text !== undefined ? (
            <Scrolling as="pre" className="file-text" aria-label={file.name}>
              {text}
            </Scrolling>
          ) : isPicture(type) && address ? (
            <img className="file-picture" src={address} alt={file.name} />
          ) : (
            <Empty title="No preview">
              {fileSize(file.size)}, {file.mime_type}
            </Empty>
          )
        }
      </QueryState>
    </Dialog>
  );
}

async function load(projectId: string, { path, size, mime_type }: File) {
  const blob = await client.workspaces.file({ params: { project_id: projectId }, query: { path } });
  if (!(blob instanceof Blob)) throw new Error('The file has no content.');
  return { blob, text: size <= maxShownBytes && isText(mime_type) ? await blob.text() : undefined };
}

/** Files are fetched with the access token, which a link cannot send. */
function useAddress(blob: Blob | undefined): string | undefined {
  const [address, setAddress] = useState<string>();
  useEffect(() => {
    if (!blob) return;
    const made = URL.createObjectURL(blob);
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [blob]);
  return address;
}
