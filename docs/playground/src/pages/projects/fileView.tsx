import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { WorkspaceFile } from '../../../../../client/index.ts';
import { fileSize } from '../../components/format.tsx';
import { Scrolling } from '../../components/scrolling.tsx';
import { Empty, QueryState } from '../../components/states.tsx';
import { client } from '../../session.ts';
import { Button } from '../../ui/buttons.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Icon } from '../../ui/icons.tsx';

/** Larger files are offered for download only. */
const maxShownBytes = 512 * 1_024;
const isText = (type: string) => /^text\/|json|xml|javascript|yaml|toml/.test(type);
/** SVG is shown as text. */
const isPicture = (type: string) => /^image\/(png|jpeg|gif|webp|avif)$/.test(type);

type FileViewProps = { projectId: string; file: WorkspaceFile; onBack: () => void; onClose: () => void };

/** A file of a workspace: its text or picture, and a link to download it. */
export function FileView({ projectId, file, onBack, onClose }: FileViewProps) {
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

async function load(projectId: string, { path, size, mime_type }: WorkspaceFile) {
  // The browser may keep a file for a while, but this one may have been replaced.
  const fetchOptions = { cache: 'no-cache' } as const;
  const blob = await client.workspaces.file({ params: { project_id: projectId }, query: { path } }, { fetchOptions });
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
