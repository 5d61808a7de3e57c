import { IncomingMessage, ServerResponse } from 'node:http';
import type { Express, Response } from 'express';

/**
 * The classes of requests and responses for a server that serves `app`. Express makes every message its own by changing its prototype,
 * after which each access to it is slow; messages of these classes are its own from birth.
 */
export function messagesOf(app: Express) {
  class AppRequest extends IncomingMessage {}
  class AppResponse extends ServerResponse {}
  Object.setPrototypeOf(AppRequest.prototype, app.request);
  Object.setPrototypeOf(AppResponse.prototype, app.response);
  app.request = AppRequest.prototype as typeof app.request;
  app.response = AppResponse.prototype as typeof app.response;
  return { IncomingMessage: AppRequest, ServerResponse: AppResponse };
}

/** `res.json` for what this API answers with; emits `answered` once the answer is made. Express also works out character sets, entity tags and freshness, which it has none of. */
export function sendJson(this: Response, body: unknown): Response {
  const text = JSON.stringify(body);
  this.setHeader('content-type', 'application/json; charset=utf-8');
  this.setHeader('content-length', Buffer.byteLength(text));
  this.end(text);
  this.emit('answered');
  return this;
}
