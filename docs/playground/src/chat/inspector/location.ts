import { useMemo } from 'react';
import { useSearchParams } from 'wouter';

/** The value of `run` that shows the list of the thread's runs. */
export const allRuns = 'all';

/** What the inspector shows. The address of the page has it, so that a link opens it and Back closes it. */
export function useInspected() {
  const [params, setParams] = useSearchParams();
  const runId = params.get('run') ?? undefined;
  const stepId = params.get('step') ?? undefined;
  return useMemo(() => {
    const set = (changes: Record<string, string | undefined>, replace: boolean) =>
      setParams(
        (before) => {
          const next = new URLSearchParams(before);
          for (const [name, value] of Object.entries(changes)) {
            if (value === undefined) next.delete(name);
            else next.set(name, value);
          }
          return next;
        },
        { replace },
      );
    return {
      runId,
      stepId,
      /** `replace` leaves no entry in the history, such as when the inspector was open before. */
      inspect: (run: string) => set({ run, step: undefined }, runId !== undefined),
      select: (step: string | undefined) => set({ step }, true),
      close: () => set({ run: undefined, step: undefined }, true),
    };
  }, [runId, stepId, setParams]);
}
