import type { ReasoningMode } from '../model.ts';

/** The effort that is asked of the SDK, which knows what each model supports. `auto` leaves it to the model. */
export const efforts: Record<ReasoningMode, 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | undefined> = {
  auto: undefined,
  disabled: 'none',
  none: 'none',
  minimal: 'minimal',
  low: 'low',
  medium: 'medium',
  enabled: 'medium',
  high: 'high',
  xhigh: 'xhigh',
};
