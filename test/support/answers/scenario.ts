import type { Person } from '../app/testApp.ts';
import type { SampleContext } from '../samples/context.ts';
import type { Sample } from '../samples/samples.ts';

/** A valid request of an operation, which a scenario changes. */
export type ScenarioContext = SampleContext & { sample: Sample; sampleOf(by: Person): Promise<Sample> };

/** Changes to a request. It is sent up to `times` times, until the expected status arrives. */
export type RequestChange = Partial<Sample> & { times?: number };

/** Prepares one response and returns the changes to a valid request that get it. */
export type ErrorScenario = (scene: ScenarioContext) => Promise<RequestChange> | RequestChange;
