import { IncomingMessage, ServerResponse } from 'node:http';
import type { Express, Response } from 'express';

/**
 * The request and response classes for a server of `app`. Express changes the prototype of every message, which makes each later property
 * access slow. Messages of these classes have that prototype from the start.
 */
export function messageClassesFor(app: Express) {
  class AppRequest extends IncomingMessage {}
  class AppResponse extends ServerResponse {}
  Object.setPrototypeOf(AppRequest.prototype, app.request);
  Object.setPrototypeOf(AppResponse.prototype, app.response);
  app.request = AppRequest.prototype as typeof app.request;
  app.response = AppResponse.prototype as typeof app.response;
  return { IncomingMessage: AppRequest, ServerResponse: AppResponse };
}

/**
 * In characters. Shorter answers are written together with their headers. Longer ones are encoded by `Buffer.from`, in half the time that the socket
 * takes to encode them (docs/guides/performance.md).
 */
const minEncodedLength = 16_384;

/**
 * Replaces `res.json` without character sets, entity tags and freshness, which this API does not use. Emits `answered` once the response is
 * written.
 */
export function sendJson(this: Response, body: unknown): Response {
  const text = JSON.stringify(body);
  this.setHeader('content-type', 'application/json; charset=utf-8');
  this.setHeader('content-length', Buffer.byteLength(text));
  this.end(text.length < minEncodedLength ? text : Buffer.from(text));
  this.emit('answered');
  return this;
}
