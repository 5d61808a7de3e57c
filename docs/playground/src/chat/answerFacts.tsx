import type { RunSummary } from '../../../../client/index.ts';
import { count, duration } from '../components/format.tsx';
import { dollars } from '../components/money.ts';
import { useProviders } from '../providers.ts';
import { IconButton } from '../ui/buttons.tsx';
import { Menu, MenuItem, MenuLabel } from '../ui/menu.tsx';
import { modelsOf } from './composer/choice.ts';

/** Model, time and cost of an answer. */
export function AnswerFacts({ run }: { run: RunSummary | undefined }) {
  if (!run) return null;
  const { model, duration_ms: ms, total_cost_usd: cost, total_input_tokens: input, total_output_tokens: output } = run;
  const facts = [model, ms !== null && duration(ms), cost ? `${run.usage_estimated ? '≈ ' : ''}${dollars(cost)}` : ''].filter(Boolean);
  const tokens = input === null || output === null ? undefined : `${count(input)} tokens in, ${count(output)} out`;
  return (
    <span className="answer-facts" title={tokens}>
      {facts.join(' · ')}
    </span>
  );
}

/** Answers again with a chosen model. Hidden without a choice. */
export function RetryWithModel({ onRetry }: { onRetry: (modelId: string) => void }) {
  const models = modelsOf(useProviders().data ?? []);
  if (models.length < 2) return null;
  return (
    <Menu
      label="Answer again with another model"
      align="start"
      trigger={<IconButton small label="Answer again with another model" icon="model" />}
    >
      <MenuLabel>Answer again with</MenuLabel>
      {models.map(({ id, name, provider }) => (
        <MenuItem key={id} hint={provider} onSelect={() => onRetry(id)}>
          {name}
        </MenuItem>
      ))}
    </Menu>
  );
}
