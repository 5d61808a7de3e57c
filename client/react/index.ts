// The client for React, on TanStack Query.
export type { SendError, Sending, Sent } from '../conversation/send.ts';
export type { RunPart, TextPart, ToolCallPart, ToolCallState, ToolProgress } from '../run/parts.ts';
export { type Conversation, type ConversationMessage, useConversation } from './conversation.ts';
export { ArkloopProvider, useArkloop } from './provider.ts';
export { arkloopKeys, type CachedPage, messagesQuery, type ThreadFilter, threadQuery, threadsQuery } from './queries.ts';
export { type UsedRun, useRun } from './run.ts';
export type { FollowedRun, RunConnection } from './runs.ts';
export { questionAnswer, type QuestionField, questionFields } from '../run/questions.ts';
export { openRunViewer, type PendingQuestion, type PendingRetry, type RunView, type RunViewer, type Todo } from '../run/runView.ts';
export { useSend } from './send.ts';
export { type ThreadOptions, useMessages, useThread, useThreads } from './threads.ts';
