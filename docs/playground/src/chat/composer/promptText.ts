import type { McpPromptContent, McpPromptResult } from '../../../../../client/index.ts';
import { portablePath } from '../../../../../contract/shared/text.ts';

/** What a prompt adds to a message. `omitted` counts contents that a message cannot have. */
export type Insertion = { text: string; files: File[]; omitted: number };

const names = { user: 'User', assistant: 'Assistant' } as const;

/** The texts of a prompt in one message, and its images and resources as files. A message has one author, so other roles are named. */
export function insertionOf({ messages }: McpPromptResult): Insertion {
  const isDialogue = messages.some(({ role }) => role === 'assistant');
  const texts = messages.flatMap(({ role, content }) => {
    const text = textOf(content);
    return text === undefined ? [] : [isDialogue ? `${names[role]}:\n${text}` : text];
  });
  const files = messages.flatMap(({ content }) => fileOf(content) ?? []);
  return { text: texts.join('\n\n'), files, omitted: messages.length - texts.length - files.length };
}

function textOf(content: McpPromptContent): string | undefined {
  if (content.type === 'text') return content.text;
  return content.type === 'resource_link' ? `${content.title ?? content.name} (${content.uri})` : undefined;
}

function fileOf(content: McpPromptContent): File | undefined {
  if (content.type === 'image' && /^image\/(png|jpeg|gif|webp)$/.test(content.mime_type))
    return new File([bytesOf(content.data)], `image.${content.mime_type.slice(6)}`, { type: content.mime_type });
  if (content.type !== 'resource') return undefined;
  const { uri, mime_type: type, text, data } = content;
  const isText = text !== null;
  const name = nameOf(uri);
  return new File([isText ? text : bytesOf(data ?? '')], isText && !/\.\w+$/.test(name) ? `${name}.txt` : name, {
    type: type ?? (isText ? 'text/plain' : ''),
  });
}

const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

/** The last segment of a URI, as a file name. */
function nameOf(uri: string): string {
  const last = uri.split(/[?#]/, 1)[0]!.split('/').findLast(Boolean) ?? '';
  const name = portablePath(last).trim();
  return [...name].slice(0, 100).join('') || 'resource';
}
