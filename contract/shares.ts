import { z } from 'zod';
import { Message } from './messages.ts';
import { Id, inconsistentValues, Time } from './shared/fields.ts';
import { pageQuery } from './shared/pagination.ts';
import { initContract, type Resource } from './shared/route.ts';

const ShareToken = z
  .string()
  .regex(/^[0-9A-Za-z]{22}$/)
  .meta({ description: '22 letters and digits. Anyone who has the token can open the share.' });

const ShareAccess = z.enum(['public', 'password']).meta({ id: 'ShareAccess', description: 'How a share is protected.' });

export const Share = z
  .object({
    id: Id.meta({ description: 'ID of the share, for deleting it.' }),
    token: ShareToken,
    url: z.string().meta({ description: 'The path of the shared page: `/s/{token}`.' }),
    access_type: ShareAccess.meta({ description: 'Whether readers need a password.' }),
    has_password: z.boolean().meta({ description: 'The same as `access_type` `password`.' }),
    live_update: z.boolean().meta({ description: 'Whether messages added later are also shown.' }),
    snapshot_turn_count: z.int().min(0).meta({ description: 'Number of user messages at the time of sharing.' }),
    created_at: Time.meta({ description: 'When the thread was shared.' }),
  })
  .meta({ id: 'Share', description: 'A link for reading a thread without an account.' });
export type Share = z.infer<typeof Share>;

export const NewShare = z
  .strictObject({
    access_type: ShareAccess.default('public').meta({ description: 'Whether readers need a password.' }),
    password: z
      .string()
      .min(1)
      .max(128)
      .optional()
      .meta({ description: 'Required if `access_type` is `password`, otherwise not allowed. Never returned.' }),
    live_update: z.boolean().default(false).meta({ description: 'Whether to show messages that are added later.' }),
  })
  .refine(({ access_type, password }) => (access_type === 'password') === (password !== undefined), {
    path: ['password'],
    message: 'belongs to `access_type` password, and only there',
    params: inconsistentValues,
  })
  .meta({ id: 'NewShare', description: 'The options of a share. All can be omitted.' });
export type NewShare = z.infer<typeof NewShare>;

const SharedMessage = Message.pick({ id: true, role: true, content: true, content_json: true, completion: true, created_at: true }).meta({
  id: 'SharedMessage',
  description: 'A message of a shared thread, without IDs of the account and its users.',
});

const LockedShare = z
  .object({ requires_password: z.literal(true).meta({ description: 'True: verify the password to get a session token.' }) })
  .meta({ id: 'LockedShare', description: 'A share that requires its password.' });

const SharedThread = z
  .object({
    requires_password: z.literal(false).meta({ description: 'False: the thread can be read.' }),
    thread: z
      .object({
        title: z.string().nullable().meta({ description: 'Title of the thread; null if it has none.' }),
        created_at: Time.meta({ description: 'When the thread was created.' }),
      })
      .meta({ description: 'The thread.' }),
    messages: z.array(SharedMessage).meta({
      description: 'Oldest first. Attachments can be downloaded with their keys and `share_token`.',
    }),
  })
  .meta({ id: 'SharedThread', description: 'A shared thread. Contains nothing that identifies the account or its users.' });

export const ShareView = z
  .discriminatedUnion('requires_password', [SharedThread, LockedShare])
  .meta({ id: 'ShareView', description: 'A shared thread, or the request for its password.' });
export type ShareView = z.infer<typeof ShareView>;

export const SharePassword = z
  .strictObject({ password: z.string().min(1).max(128).meta({ description: 'The password that the owner of the thread set.' }) })
  .meta({ id: 'SharePassword', description: 'The password of a share.' });

export const ShareSession = z
  .object({ session_token: z.string().meta({ description: 'Opens the share for 24 hours, or until the share is deleted.' }) })
  .meta({ id: 'ShareSession', description: 'The right to open a share with a password.' });

const read = 'data.threads.read';
const permission = 'data.threads.write';
const path = '/v1/threads/{thread_id}:share';

export const shares = initContract().router({
  create: {
    method: 'POST',
    path,
    summary: 'Share a thread',
    description:
      'Without `live_update`, the share shows the messages that exist now, even if the thread changes later. Send `url`, or the page of your client for its token, to readers: they need no account. Delete the share to end their access.',
    body: NewShare,
    responses: { 201: Share },
    metadata: { auth: 'user+key', read, permission, quota: 'messages', audit: ['thread_share.create', 'thread_share'] },
  },
  list: {
    method: 'GET',
    path,
    summary: 'List the shares of your thread, newest first',
    description: 'Use this to show and delete the links of a thread. Passwords are never returned.',
    query: pageQuery(),
    responses: { 200: z.array(Share) },
    metadata: { auth: 'user+key', read, pages: 'cursor' },
  },
  delete: {
    method: 'DELETE',
    path,
    summary: 'Delete a share',
    description: 'Ends the access of all readers. The share can no longer be opened, not even with a session token that was issued before.',
    query: z.object({ id: Id.meta({ description: 'The share to delete.' }) }),
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user+key', read, permission, queryIds: { id: 'share' }, audit: ['thread_share.delete', 'thread_share'] },
  },
  view: {
    method: 'GET',
    path: '/v1/s/{token}',
    summary: 'Retrieve a shared thread',
    description:
      'For pages that show a shared thread. If `requires_password` is true, ask for the password, verify it and repeat the request with the session token. A page has up to 200 messages and 1 MB.',
    pathParams: z.object({ token: ShareToken }),
    query: z.object({
      ...pageQuery(200).shape,
      session_token: z
        .string()
        .min(1)
        .max(1_000)
        .optional()
        .meta({ description: 'For a password-protected share: the session token from verifying its password.' }),
    }),
    responses: { 200: ShareView },
    metadata: { auth: 'public', pages: 'within', extraErrors: [403] },
  },
  verify: {
    method: 'POST',
    path: '/v1/s/{token}/verify',
    summary: 'Verify the password of a share',
    description:
      'Returns a session token for `GET /v1/s/{token}` and the attachments of the share. After 10 wrong passwords from an address within 10 minutes, the response is 429.',
    pathParams: z.object({ token: ShareToken }),
    body: SharePassword,
    responses: { 200: ShareSession },
    metadata: { auth: 'public', audit: 'none', extraErrors: [403, 409, 429] },
  },
} as const satisfies Resource);
