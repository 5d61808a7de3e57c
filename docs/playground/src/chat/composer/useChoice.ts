import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { providersQuery } from '../../providers.ts';
import { client, pageAccount, queries } from '../../session.ts';
import { showToast } from '../../ui/toasts.tsx';
import { type Choice, choiceOfRun, defaultChoice, type Offer, runOf, type RunOptions } from './choice.ts';

const personasQuery = {
  queryKey: ['personas', 'selectable'],
  queryFn: () => client.personas.selectable(),
  staleTime: 60_000,
};

/** What the workspace offers; undefined until it is known. */
export function useOffer(): Offer | undefined {
  const [personas, providers] = [useQuery(personasQuery).data, useQuery(providersQuery).data];
  return personas && providers && { personas, providers };
}

const optionsKey = (runId: string) => ['run', runId, 'options'];

/** The options that a run was started with: they are in its first event. */
const optionsQuery = (runId: string) => ({
  queryKey: optionsKey(runId),
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: async (): Promise<RunOptions> => {
    for await (const event of client.runs.stream(runId, { follow: false })) {
      if (event.type !== 'run.started') continue;
      const { persona_id, route_id, model } = event.data;
      return { persona_id, route_id, model };
    }
    return {};
  },
});

/** Call after this page has started a run, so that it need not ask for its options. */
export const noteOptions = (runId: string, options: RunOptions) => void queries.setQueryData(optionsKey(runId), options);

/** What was picked after a certain run of a thread. The next run takes its place. */
type Pick = { readonly after: string | undefined; readonly options: RunOptions };

const placeOf = (threadId: string) => `arkloop.choice.${threadId}`;
const newPlace = placeOf(`new.${pageAccount ?? ''}`);

function storedPick(place: string): Pick | undefined {
  const stored = sessionStorage.getItem(place);
  return stored === null ? undefined : (JSON.parse(stored) as Pick);
}

/** What was picked for a new thread becomes that of its first run. */
export function movePick(threadId: string) {
  const stored = sessionStorage.getItem(newPlace);
  if (stored !== null) sessionStorage.setItem(placeOf(threadId), stored);
  sessionStorage.removeItem(newPlace);
}

/** The newest run of a thread. `read` fetches its id if it is not known yet. */
export type LastRun = { id: string | undefined; isKnown: boolean; read: () => Promise<string | undefined> };

const noRun: LastRun = { id: undefined, isKnown: true, read: async () => undefined };

/**
 * Persona and model of the next run of a thread: what was picked since its last run, else what that run was started with, else the default of the
 * workspace. Like a draft, a pick is kept in this tab.
 */
export function useChoice(threadId: string | undefined, last: LastRun = noRun) {
  const place = threadId === undefined ? newPlace : placeOf(threadId);
  const [pick, setPick] = useState(() => storedPick(place));
  const offer = useOffer();
  const started = useQuery({ ...optionsQuery(last.id ?? ''), enabled: last.id !== undefined });

  /** What is wanted after a run, without a request. */
  const wantedAfter = (lastId: string | undefined): RunOptions | undefined =>
    pick && pick.after === lastId ? pick.options : lastId === undefined ? {} : undefined;
  const wanted = wantedAfter(last.id) ?? (started.isError ? {} : started.data);
  const choice = offer && wanted && last.isKnown ? choiceOfRun(wanted, offer) : undefined;
  return {
    /** Undefined until it is known. */
    choice,
    choose(chosen: Choice) {
      const next = { after: last.id, options: runOf(chosen) };
      setPick(next);
      sessionStorage.setItem(place, JSON.stringify(next));
    },
    /** The choice for a run that is started now, compared with what the workspace has at this moment. */
    async confirm(): Promise<Choice> {
      const lastId = last.isKnown ? last.id : await last.read();
      const options = wantedAfter(lastId) ?? (await queries.fetchQuery(optionsQuery(lastId!)).catch((): RunOptions => ({})));
      if (!options.persona_id && !options.route_id && !options.model) return defaultChoice;
      const [personas, providers] = await Promise.all([
        queries.fetchQuery({ ...personasQuery, staleTime: 0 }),
        queries.fetchQuery({ ...providersQuery, staleTime: 0 }),
      ]);
      const confirmed = choiceOfRun(options, { personas, providers });
      if (choice && (choice.persona !== confirmed.persona || choice.model !== confirmed.model))
        showToast('What was chosen for this chat no longer exists here. The default answers instead.');
      return confirmed;
    },
  };
}
