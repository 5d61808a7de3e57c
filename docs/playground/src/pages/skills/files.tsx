import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Skill, SkillFile } from '../../../../../client/index.ts';
import { fileSize } from '../../components/format.tsx';
import { Scrolling } from '../../components/scrolling.tsx';
import { Empty, QueryState } from '../../components/states.tsx';
import { client } from '../../session.ts';
import { Button } from '../../ui/buttons.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Icon } from '../../ui/icons.tsx';

/** The files of a skill, and their texts. */
export function SkillFiles({ skill: { id, name }, onClose }: { skill: Skill; onClose: () => void }) {
  const [shown, show] = useState<SkillFile>();
  const skill = useQuery({
    queryKey: ['skill', id],
    queryFn: () => client.skills.get({ params: { skill_id: id } }),
    staleTime: 0,
  });
  if (shown) return <FileView skillId={id} file={shown} onBack={() => show(undefined)} onClose={onClose} />;
  return (
    <Dialog title={`Files of ${name}`} onClose={onClose} side>
      <QueryState query={skill}>
        {({ description, files }) => (
          <>
            <p className="muted">{description}</p>
            <ul className="files">
              {files.map((file) => (
                <li key={file.path}>
                  <button type="button" onClick={() => show(file)}>
                    <Icon name="file" />
                    <span>{file.path}</span>
                  </button>
                  <span className="muted small">{fileSize(file.size)}</span>
                </li>
              ))}
            </ul>
          </>
        )}
      </QueryState>
    </Dialog>
  );
}

/** Undefined for binary content. */
function textOf(bytes: ArrayBuffer): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}

type FileViewProps = { skillId: string; file: SkillFile; onBack: () => void; onClose: () => void };

function FileView({ skillId, file: { path, size, mime_type, sha256 }, onBack, onClose }: FileViewProps) {
  const content = useQuery({
    queryKey: ['skill', skillId, path, sha256],
    queryFn: async () => {
      const blob = await client.skills.file({ params: { skill_id: skillId }, query: { path } });
      if (!(blob instanceof Blob)) throw new Error('The file has no content.');
      return { blob, text: textOf(await blob.arrayBuffer()) };
    },
  });
  const blob = content.data?.blob;
  return (
    <Dialog title={path} onClose={onClose} side>
      <div className="actions">
        <Button kind="ghost" icon="back" onClick={onBack}>
          All files
        </Button>
        {blob && (
          <Button kind="ghost" icon="download" onClick={() => download(blob, path)}>
            Download
          </Button>
        )}
      </div>
      <QueryState query={content}>
        {({ text }) =>
          text === undefined ? (
            <Empty title="No preview">
              {fileSize(size)}, {mime_type}
            </Empty>
          ) : (
            <Scrolling as="pre" className="file-text" aria-label={path}>
              {text}
            </Scrolling>
          )
        }
      </QueryState>
    </Dialog>
  );
}

/** Files are fetched with the access token, which a link cannot send. */
function download(blob: Blob, path: string) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = path.split('/').at(-1) ?? 'file';
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
