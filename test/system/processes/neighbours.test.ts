import { expect, test } from 'vitest';
import { compareNeighbours } from '../../neighbours/compare.ts';

// Each of these once took a process, its connections or its event loop from others. How long requests take is measured by `npm run test:neighbours`.
const noises = ['writes memories while its account is locked', 'calls a model that never ends', 'reads a large share'];

test('the answers of a tenant are the same beside a noisy neighbour', async () => {
  const comparisons = await compareNeighbours({ noises, runs: 4, rounds: 1 });
  expect(comparisons.map(({ noise, differences }) => ({ noise, differences }))).toEqual(
    noises.map((noise) => ({ noise, differences: [] })),
  );
});
