import type { Config } from '../../platform/config/config.ts';
import type { Sandbox } from './sandbox.ts';
import { createWasmSandbox } from './wasm/wasmSandbox.ts';

/** The sandbox that the operator has chosen; undefined if code execution is off. Add other implementations of `Sandbox` here. */
export const openSandbox = (config: Pick<Config, 'codeSandbox' | 'codeMemoryMb' | 'codePythonWheels'>): Sandbox | undefined =>
  config.codeSandbox === 'wasm' ? createWasmSandbox({ memoryMb: config.codeMemoryMb, wheels: config.codePythonWheels }) : undefined;
