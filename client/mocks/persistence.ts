import type { Engine } from './context.ts';
import { resourceType } from './resourceTypes.ts';
import type { SavedRun } from './runs/runs.ts';
import type { StoredState } from './state.ts';

/** `localStorage`, `sessionStorage`, or an object with the same methods. */
export type MockStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

type Saved = { version: number; state: StoredState; runs: SavedRun[] };

const providerKind = resourceType('/v1/llm-providers');
const modelKind = resourceType('/v1/llm-providers/{provider_id}/models');

const key = 'arkloop-mocks';
/** Increase it with every change of what is saved. */
const version = 1;

/** Saves everything. A full storage is reported once. */
export function saverOf(storage: MockStorage | undefined): (engine: Engine) => void {
  let isReported = false;
  if (!storage) return () => {};
  return ({ state, runs }) => {
    const saved: Saved = { version, state: state.toJSON(), runs: runs.toJSON() };
    try {
      storage.setItem(key, JSON.stringify(saved));
    } catch (error) {
      if (!isReported) console.warn('The mock cannot save its state:', error);
      isReported = true;
    }
  };
}

/** Restores what was saved. Returns false, and leaves the state empty, if there is nothing or it cannot be read. */
export function restore(engine: Engine, storage: MockStorage | undefined): boolean {
  const { state, runs, webhooks } = engine;
  try {
    const saved = JSON.parse(storage?.getItem(key) ?? 'null') as Saved | null;
    if (saved?.version !== version) return false;
    state.restore(saved.state);
    // A provider contains the rows of its models.
    for (const { value } of state.rows(providerKind))
      value.models = state
        .rows(modelKind, ({ parents }) => parents.provider_id === value.id)
        .map((row) => row.value)
        .reverse();
    runs.restore(saved.runs);
    webhooks.resume();
    return true;
  } catch {
    runs.clear();
    state.clear();
    return false;
  }
}

export const forget = (storage: MockStorage | undefined) => storage?.removeItem(key);
