import type { LlmModel, UpstreamModel } from '../../../../../client/index.ts';
import { count } from '../../components/format.tsx';

type Facts = Pick<LlmModel, 'context_length' | 'input_modalities' | 'tool_calling' | 'reasoning' | 'known'>;

/** What is known of a model: `128,000 tokens`, `image`, `tools`. */
export function featuresOf(model: Facts | UpstreamModel): string[] {
  const { context_length: context, input_modalities: inputs = [], tool_calling: tools, reasoning, known } = model;
  return [
    context ? `${count(context)} tokens` : '',
    ...inputs.filter((input) => input !== 'text'),
    tools ? 'tools' : '',
    reasoning ? 'reasoning' : '',
    known ? `${pricePerMillion(known.cost_per_1k_input)} in, ${pricePerMillion(known.cost_per_1k_output)} out` : '',
  ].filter(Boolean);
}

const price = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD', minimumFractionDigits: 2, maximumFractionDigits: 4 });

/** Prices are stored by 1,000 tokens, and shown by a million, as providers publish them. */
export const pricePerMillion = (perThousand: number | null): string => (perThousand === null ? '–' : price.format(perThousand * 1_000));
