import type { Usage } from '../../contract/events.ts';

const fields = [
  'input_tokens',
  'output_tokens',
  'total_tokens',
  'cache_creation_input_tokens',
  'cache_read_input_tokens',
  'cached_tokens',
] as const satisfies (keyof Usage)[];

/** The sum of usages; what nobody reported stays unreported. */
export function addUsage(...all: (Usage | undefined)[]): Usage | undefined {
  const sum: Usage = {};
  for (const usage of all)
    for (const field of fields) {
      const count = usage?.[field];
      if (count !== undefined) sum[field] = (sum[field] ?? 0) + count;
    }
  return Object.keys(sum).length > 0 ? sum : undefined;
}
