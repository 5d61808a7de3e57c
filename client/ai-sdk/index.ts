// A chat transport for `useChat` of the AI SDK. Imports only types of `ai`.
export { type ArkloopMessage, type ArkloopMessageData, type ArkloopMessageMetadata, toUIMessages } from './messages.ts';
export { ArkloopChatTransport, type ArkloopChatTransportOptions } from './transport.ts';
