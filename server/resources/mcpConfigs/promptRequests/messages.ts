import { z } from 'zod';
import { McpPrompt, McpPromptRequest, McpPromptResult } from '../../../../contract/mcpConfigs.ts';
import { Issue } from '../../../../contract/shared/errors.ts';
import type { Keyring } from '../../../platform/crypto/keyring.ts';
import { seal, unseal } from '../../../platform/crypto/seal.ts';

/** How a server answered a request for its prompts. */
export const PromptOutcome = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('list'), prompts: z.array(McpPrompt) }),
  z.object({ kind: z.literal('prompt'), prompt: McpPromptResult }),
  z.object({ kind: z.literal('not_found') }),
  z.object({ kind: z.literal('invalid'), issues: z.array(Issue) }),
  z.object({ kind: z.literal('failed'), error_class: z.string(), message: z.string() }),
]);
export type PromptOutcome = z.infer<typeof PromptOutcome>;

/** What a worker asks a server for: its list, or one prompt. */
export const PromptQuestion = z.object({ config_id: z.guid(), prompt: McpPromptRequest.optional() });
export type PromptQuestion = z.infer<typeof PromptQuestion>;

export type RequestKey = { account_id: string; id: string };
type Field = 'request' | 'reply';

/** Associated data of the encryption: a ciphertext copied to another row or field does not decrypt. */
export const encryptionContext = ({ id, account_id: owner }: RequestKey, field: Field) => `mcp_prompt_request:${id}:${owner}:${field}`;

/** Arguments and messages are content of users, so neither is stored in clear text. */
export const sealMessage = (keys: Keyring, key: RequestKey, field: Field, message: PromptQuestion | PromptOutcome): Buffer =>
  seal(keys, JSON.stringify(message), encryptionContext(key, field));

const open = (keys: Keyring, key: RequestKey, field: Field, sealed: Buffer): unknown =>
  JSON.parse(unseal(keys, sealed, encryptionContext(key, field)).toString());

export const openQuestion = (keys: Keyring, key: RequestKey, sealed: Buffer): PromptQuestion =>
  PromptQuestion.parse(open(keys, key, 'request', sealed));

export const openOutcome = (keys: Keyring, key: RequestKey, sealed: Buffer): PromptOutcome =>
  PromptOutcome.parse(open(keys, key, 'reply', sealed));
