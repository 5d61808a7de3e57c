// Scripted runs and signed webhooks, for tests of applications that use the client. No server needed.
export { type RunStep, type Script, type ScriptOptions, scriptRun } from './script.ts';
export { asks, cancels, completes, fails, says, thinks, usesTool } from './steps.ts';
export { type EventsResponseOptions, encodeEvent, eventsResponse } from './stream.ts';
export { type SignedHeaders, signTestWebhook, type TestWebhook, type TestWebhookOptions, testWebhookSecret } from './webhooks.ts';
