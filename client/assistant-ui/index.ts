// A runtime for assistant-ui, on the React hooks.
export { type ArkloopRuntimeOptions, useArkloopRuntime } from './runtime.ts';
