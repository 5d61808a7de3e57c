/** What the kit verifies. Every finding names one of these rules. */
export const rules = {
  'request.answered': 'Every request gets a response that can be read to its end.',
  'request.valid': 'A valid request succeeds.',
  'request.validation': 'An invalid path, query, header or body is 400, and `details.issues` names the place.',
  'request.authentication': 'A missing or invalid credential is 401.',
  'request.authorization': 'A credential of the wrong kind, or without the permission, is 403.',
  'request.not-found': 'An unknown id, or an account of which the caller is not a member, is 404.',
  'request.isolation': 'What belongs to another account is 404, as if it did not exist.',
  'request.body': 'A body that is too large is 413, and one that cannot be read is 422.',
  'request.method': 'Another method is 405, and `Allow` lists the methods of the path.',
  'response.status': 'Only documented statuses are returned.',
  'response.content-type': 'The Content-Type is the documented one.',
  'response.body': 'The body matches its schema and holds nothing else.',
  'response.empty': 'A response without content has no body.',
  'response.trace-id': 'Every response has an `X-Trace-Id` of 32 lower-case hex digits, and no two share one.',
  'response.headers': 'The security headers are set (--headers).',
  'response.deprecation': 'Responses of a deprecated operation have the `Deprecation` and `Sunset` of the contract.',
  'error.body': 'Errors have the error format: error, message, trace_id, details.',
  'error.code': 'The code of an error belongs to its status.',
  'error.trace-id': '`trace_id` is the value of `X-Trace-Id`.',
  'error.headers': '401 has WWW-Authenticate, 405 Allow, 429 Retry-After.',
  'error.internals': 'An error reveals no paths, SQL or stack traces.',
  'file.headers': 'A file has a Content-Type and `Content-Disposition: attachment`, and an ETag if 304 is declared.',
  'file.not-modified': 'A request with the ETag of a file in If-None-Match is 304.',
  'list.limit': 'A page has at most `limit` rows; a `limit` outside of 1 to 200 is 400.',
  'list.link':
    'A page with further rows has `Link: <…>; rel="next"` (RFC 8288) and `X-Next-Cursor`; both name the same cursor and keep the query.',
  'list.last-page': 'The last page has neither `Link` nor `X-Next-Cursor`, even if it is full.',
  'list.duplicate': 'No row is on two pages.',
  'list.gap': 'The pages together have every row.',
  'list.order': 'Rows are in the documented order, the same on pages as in one response.',
  'list.cursor': 'A cursor that the list did not return is 400 `invalid_cursor`.',
  'resource.read': 'A resource can be retrieved as it was returned when it was created or changed.',
  'resource.listed': 'A created resource is in its list, once.',
  'resource.deleted': 'A deleted resource is 404 and no longer in its list.',
  'resource.unchanged': 'A change leaves the fields alone that the request does not name.',
  'idempotency.reuse': 'An Idempotency-Key that was used for another request is 409 `idempotency_key_reused`.',
  'idempotency.replay': 'A repeated request with its Idempotency-Key gets the first response again, byte for byte.',
  'idempotency.header': 'A replayed response has `Idempotent-Replayed: true`; the first one does not.',
  'idempotency.effect': 'A replayed request has no second effect.',
  'idempotency.key': 'An Idempotency-Key that is malformed is 400.',
  'stream.headers':
    'A stream is `Cache-Control: no-cache, no-transform`, `X-Accel-Buffering: no`, and neither compressed nor of a fixed length.',
  'stream.frame': 'An event is three lines, `id`, `event` and `data`, and an empty line; `data` is one JSON object.',
  'stream.id': '`id` is the `seq` of the event.',
  'stream.type': '`event` is the `type` of the event.',
  'stream.run': 'Every event names its run, and has an `event_id` of its own.',
  'stream.time': '`created_at` never decreases, and `ts` is the same instant.',
  'stream.first': 'The first event of a run is `run.started`.',
  'stream.gap': '`seq` starts after the requested position and grows by 1.',
  'stream.duplicate': 'No event is sent twice on one connection.',
  'stream.order': 'Events are sent in the order of `seq`.',
  'stream.terminal': 'A run has exactly one terminal event, and none follows it.',
  'stream.close': 'The stream is closed right after the terminal event.',
  'stream.open': 'A stream begins with a comment, at once.',
  'stream.heartbeat': 'A comment is sent whenever no event was sent for 15 seconds.',
  'stream.live': 'Events are sent when they happen, not collected.',
  'stream.stored': 'A run that has ended streams the events that were sent live, without a difference.',
  'stream.follow': '`follow=false` sends the events so far and closes.',
  'stream.resume': '`after_seq` and `Last-Event-ID` continue right after that event, whichever is larger.',
  'stream.finished': 'After the terminal event, `after_seq` gets an empty stream and `Last-Event-ID` 204.',
  'stream.outcome': 'The status of the run and the stored answer are those that the events report.',
  'consumer.reads': 'A response has the fields that a consumer reads, as its manifest names them (--consumers).',
  'consumer.errors': 'A request that is an error for a consumer is the same error (--consumers).',
} as const;

export type Rule = keyof typeof rules;

/** One difference from the contract. */
export type Violation = { rule: Rule; what: string };

/** Collects violations of one response. */
export function violationList() {
  const list: Violation[] = [];
  return { list, expectThat: (isRight: boolean, rule: Rule, what: string) => void (isRight || list.push({ rule, what })) };
}

/** The rule of a request that must be rejected with this status. */
export const ruleOfStatus = (status: number): Rule =>
  (
    {
      400: 'request.validation',
      401: 'request.authentication',
      403: 'request.authorization',
      404: 'request.not-found',
      409: 'idempotency.reuse',
    } as Record<number, Rule>
  )[status] ?? 'request.body';
