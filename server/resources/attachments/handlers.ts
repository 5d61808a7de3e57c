import { attachments } from '../../../contract/attachments.ts';
import { fileResponse } from '../../http/fileResponse.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { findAttachment, findSharedAttachment } from './service.ts';
import { stageAttachment } from './stage.ts';

export const attachmentHandlers = implement(
  attachments,
  {},
  {
    stage: async ({ scope, body, signal }) => ({ status: 201, body: await stageAttachment(scope, body, signal()) }),
    get: async ({ scope, params, query: { share_token: shareToken, session_token: sessionToken }, headers }) => {
      const file =
        'actor' in scope
          ? await findAttachment(scope, params.key)
          : await findSharedAttachment(scope, params.key, { shareToken: shareToken!, sessionToken });
      const onError = (error: unknown) =>
        scope.app.log.error({ err: error, trace_id: scope.client.traceId }, 'an attachment was not sent to its end');
      const answer = await fileResponse(file, { ifNoneMatch: headers['if-none-match'], onError });
      return shareToken === undefined ? answer : { ...answer, headers: { ...answer.headers, 'x-robots-tag': 'noindex' } };
    },
  },
);
