import { useQueries, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiError, type McpConfig, type McpPrompt } from '../../../../../client/index.ts';
import { ErrorNotice, Loading } from '../../components/states.tsx';
import { useMay } from '../../me.ts';
import { client } from '../../session.ts';
import { IconButton } from '../../ui/buttons.tsx';
import { Command, CommandGroup, CommandItem } from '../../ui/command.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { TextArea } from '../../ui/fields.tsx';
import { Form } from '../../ui/form.tsx';
import { type Insertion, insertionOf } from './promptText.ts';

type Chosen = { server: McpConfig; prompt: McpPrompt };
/** The tool servers that can have prompts. */
export function usePromptServers(): readonly McpConfig[] {
  const mayUse = useMay('data.runs.write');
  const servers = useQuery({
    queryKey: ['mcp-configs', 'of prompts'],
    queryFn: () => client.mcpConfigs.list({ query: { limit: 200 } }),
    enabled: mayUse,
    staleTime: 60_000,
  });
  return servers.data?.filter(({ is_active }) => is_active) ?? [];
}

type PromptsProps = {
  servers: readonly McpConfig[];
  disabled: boolean;
  isOpen: boolean;
  onOpen: () => void;
  /** Called without a choice of the user. */
  onClose: () => void;
  onInsert: (insertion: Insertion) => void;
};

/** A button that inserts a prompt of a tool server into the message. Hidden if no server can have prompts. */
export const Prompts = ({ servers, disabled, isOpen, onOpen, onClose, onInsert }: PromptsProps) =>
  servers.length > 0 && (
    <>
      <IconButton label="Use a prompt" icon="book" aria-keyshortcuts="/" disabled={disabled} onClick={onOpen} />
      {isOpen && <PromptDialog servers={servers} onClose={onClose} onInsert={onInsert} />}
    </>
  );

type PromptDialogProps = { servers: readonly McpConfig[]; onClose: () => void; onInsert: (insertion: Insertion) => void };

/** One dialog for both steps, because it returns the focus to where it was when it opened. */
function PromptDialog({ servers, onClose, onInsert }: PromptDialogProps) {
  const [chosen, choose] = useState<Chosen>();
  const title = chosen ? (chosen.prompt.title ?? chosen.prompt.name) : 'Use a prompt';
  const intro = chosen ? chosen.prompt.description : 'Prompts of your tool servers. You can change the message before you send it.';
  return (
    <Dialog title={title} {...(intro && { intro })} onClose={onClose}>
      {chosen ? (
        <PromptForm {...chosen} onBack={() => choose(undefined)} onInsert={onInsert} />
      ) : (
        <PromptList servers={servers} onChoose={choose} />
      )}
    </Dialog>
  );
}

function PromptList({ servers, onChoose }: { servers: readonly McpConfig[]; onChoose: (chosen: Chosen) => void }) {
  const lists = useQueries({
    queries: servers.map(({ id }) => ({
      queryKey: ['mcp-prompts', id],
      queryFn: () => client.mcpConfigs.prompts({ params: { config_id: id } }, { maxRetries: 0 }),
      staleTime: 0,
    })),
  });
  const isPending = lists.some((list) => list.isPending);
  const groups = servers.map((server, index) => ({ server, prompts: lists[index]?.data ?? [] }));
  const hasPrompts = groups.some(({ prompts }) => prompts.length > 0);
  return (
    <>
      {hasPrompts && (
        <Command label="Prompts" placeholder="Search prompts…">
          {groups
            .filter(({ prompts }) => prompts.length > 0)
            .map(({ server, prompts }) => (
              <CommandGroup key={server.id} label={server.name}>
                {prompts.map((prompt) => (
                  <CommandItem
                    key={prompt.name}
                    value={`${server.id} ${prompt.name}`}
                    keywords={[server.name, prompt.title ?? '', prompt.description ?? '']}
                    onSelect={() => onChoose({ server, prompt })}
                  >
                    {prompt.title ?? prompt.name}
                    {prompt.description && <span className="menu-description">{prompt.description}</span>}
                  </CommandItem>
                ))}
              </CommandGroup>
            ))}
        </Command>
      )}
      {servers.map(({ id, name }, index) => {
        const { error, refetch } = lists[index]!;
        return (
          error && (
            <section key={id} aria-label={name}>
              <strong className="small">{name}</strong>
              <ErrorNotice error={error} retry={() => refetch()} />
            </section>
          )
        );
      })}
      {isPending && <Loading what="Asking the servers" />}
      {!isPending && !hasPrompts && !lists.some(({ error }) => error) && <p className="muted">The servers have no prompts.</p>}
    </>
  );
}

type PromptFormProps = Chosen & { onBack: () => void; onInsert: (insertion: Insertion) => void };

function PromptForm({ server, prompt, onBack, onInsert }: PromptFormProps) {
  const insert = async (values: FormData) => {
    const given = prompt.arguments.map(({ name }) => [name, String(values.get(`arguments.${name}`) ?? '')] as const);
    // An empty field is an argument that is not given.
    const body = { name: prompt.name, arguments: Object.fromEntries(given.filter(([, value]) => value !== '')) };
    const result = await client.mcpConfigs.getPrompt({ params: { config_id: server.id }, body }).catch(explain);
    onInsert(insertionOf(result));
  };
  return (
    <Form submit="Insert" cancel="Back" onCancel={onBack} onSubmit={insert}>
      {prompt.arguments.length === 0 && <p className="muted">This prompt has no arguments.</p>}
      {prompt.arguments.map(({ name, title, description, required }, index) => (
        <TextArea
          key={name}
          label={required ? (title ?? name) : `${title ?? name} (optional)`}
          name={`arguments.${name}`}
          rows={2}
          maxLength={20_000}
          required={required}
          autoFocus={index === 0}
          {...(description && { hint: description })}
        />
      ))}
    </Form>
  );
}

/** Shows what the server says about all arguments together, which belongs to no field. */
function explain(error: unknown): never {
  const issue = error instanceof ApiError && error.issues.find(({ path }) => path === '/arguments' || path === '/name');
  throw issue ? new Error(issue.message) : error;
}
