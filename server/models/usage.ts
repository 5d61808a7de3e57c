import type { Cost, Usage } from '../../contract/events.ts';

const fields = [
  'input_tokens',
  'output_tokens',
  'total_tokens',
  'cache_creation_input_tokens',
  'cache_read_input_tokens',
  'cached_tokens',
  'excess_tokens',
] as const satisfies Exclude<keyof Usage, 'estimated'>[];

/** Adds usages. The sum is `estimated` if any of them is. Omits a count that none of them has. */
export function addUsage(...all: (Usage | undefined)[]): Usage | undefined {
  const sum: Usage = {};
  for (const usage of all) {
    for (const field of fields) {
      const count = usage?.[field];
      if (count !== undefined) sum[field] = (sum[field] ?? 0) + count;
    }
    if (usage?.estimated) sum.estimated = true;
  }
  return Object.keys(sum).length > 0 ? sum : undefined;
}

type Used = { usage?: Usage | undefined; cost?: Cost | undefined };

export function createUsageSum() {
  let usage: Usage | undefined;
  let micros: number | undefined;
  return {
    add(used: Used) {
      usage = addUsage(usage, used.usage);
      if (used.cost) micros = (micros ?? 0) + used.cost.amount_micros;
    },
    total: (): { usage?: Usage; cost?: Cost } => ({
      ...(usage && { usage }),
      ...(micros !== undefined && { cost: { currency: 'USD', amount_micros: micros } }),
    }),
  };
}
