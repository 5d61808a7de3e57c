import type { ToolCallPart } from '../../../../../../client/react/index.ts';
import { fileSize } from '../../../components/format.tsx';
import { Icon } from '../../../ui/icons.tsx';
import { bytesOf, type OpenDocument, openDocument } from '../documents.ts';
import type { ActivityPart } from './steps.ts';

/** The files that the agent wrote into the workspace; they open beside the chat. */
export function Files({ parts }: { parts: readonly ActivityPart[] }) {
  const written = new Map<string, ToolCallPart>();
  for (const part of parts)
    if (part.type === 'tool' && part.name === 'workspace_write' && part.state === 'done') written.set(String(part.arguments?.path), part);
  if (written.size === 0) return null;
  return (
    <ul className="files">
      {[...written].map(([path, call]) => (
        <li key={path}>
          <button type="button" className="file-card" onClick={() => openDocument(documentOf(call))}>
            <Icon name="file" />
            <span>
              <b>{path.slice(path.lastIndexOf('/') + 1)}</b>
              <span className="muted small">
                {typeof call.result?.size === 'number' && `${fileSize(call.result.size)} · `}
                {path}
              </span>
            </span>
            <span className="open">Open</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

/** The content is in the arguments, as it was when the agent wrote it. */
function documentOf({ arguments: args }: ToolCallPart): OpenDocument {
  const name = String(args?.path);
  const content = String(args?.content ?? '');
  return args?.encoding === 'base64' ? { name, text: '', bytes: bytesOf(content.replace(/\s/g, '')) } : { name, text: content };
}
