import { expect, test } from 'vitest';
import type { LlmModel, LlmProvider, SelectablePersona } from '../../../client/index.ts';
import { choiceOfRun, defaultModel, runOf } from '../../../docs/playground/src/chat/composer/choice.ts';

const model = (provider_id: string, id: string, fields: Partial<LlmModel> = {}) =>
  ({ id, provider_id, model: `model-${id}`, priority: 0, is_default: false, show_in_picker: true, when: {}, ...fields }) as LlmModel;
const provider = (id: string, models: LlmModel[], scope: LlmProvider['scope'] = 'account') =>
  ({ id, name: `Provider ${id}`, scope, models }) as LlmProvider;
const persona = (persona_key: string, fields: Partial<SelectablePersona> = {}) =>
  ({ persona_key, source: 'custom', model: null, ...fields }) as SelectablePersona;

const normal = persona('normal', { source: 'builtin' });
const ours = provider('a', [model('a', '2', { is_default: true }), model('a', '3')]);
const theirs = provider('b', [model('b', '1', { is_default: true, priority: 9 })], 'platform');
const offer = { personas: [normal, persona('lead')], providers: [ours, theirs] };

test('the choice is what the last run was started with, as far as the workspace has it', () => {
  expect(choiceOfRun({}, offer)).toEqual({ persona: '', model: '' });
  expect(choiceOfRun({ persona_id: 'lead@2', route_id: '3' }, offer)).toEqual({ persona: 'lead', model: '3' });
  expect(choiceOfRun({ persona_id: 'elsewhere', route_id: '9' }, offer)).toEqual({ persona: '', model: '' });
  expect(choiceOfRun({ persona_id: 'normal', model: 'provider B^MODEL-1' }, offer)).toEqual({ persona: '', model: '1' });
  expect(choiceOfRun({ model: 'model-3' }, offer)).toEqual({ persona: '', model: '3' });
  const hidden = provider('a', [model('a', '2', { show_in_picker: false })]);
  expect(choiceOfRun({ route_id: '2' }, { personas: [], providers: [hidden] })).toEqual({ persona: '', model: '' });
});

test('the options of a run are null for the default, so that it repeats nothing', () => {
  expect(runOf({ persona: '', model: '' })).toEqual({ persona_id: null, route_id: null });
  expect(runOf({ persona: 'lead', model: '3' })).toEqual({ persona_id: 'lead', route_id: '3' });
});

test('the default model is that of the persona, else of the first provider of the workspace, else of the platform', () => {
  const nameOf = (providers: LlmProvider[], key = '', personas = [normal]) => defaultModel(key, { personas, providers })?.name;
  expect(nameOf([ours, theirs])).toBe('model-2');
  expect(nameOf([theirs])).toBe('model-1');
  expect(nameOf([])).toBeUndefined();
  const higher = provider('c', [model('c', '5', { priority: 1 }), model('c', '4', { is_default: true })]);
  expect(nameOf([ours, higher])).toBe('model-4');
  const later = provider('c', [model('c', '5', { is_default: true })]);
  expect(nameOf([later, ours])).toBe('model-2');
  expect(nameOf([ours, theirs], 'lead', [normal, persona('lead', { model: 'Provider b^model-1' })])).toBe('model-1');
  expect(nameOf([ours, theirs], 'lead', [normal, persona('lead', { model: 'gone' })])).toBeUndefined();
});

test('the default model has no name where only the server can tell it', () => {
  const routed = provider('a', [model('a', '2', { is_default: true }), model('a', '3', { when: { persona_id: 'lead' } })]);
  expect(defaultModel('', { personas: [normal], providers: [routed] })).toBeUndefined();
  const personas = [normal, persona('lead')];
  expect(defaultModel('lead', { personas, providers: [ours, theirs] })).toBeUndefined();
  expect(defaultModel('lead', { personas, providers: [ours] })?.name).toBe('model-2');
  const preferable = provider('c', [model('c', '5', { priority: 1 }), model('c', '4', { is_default: true })]);
  expect(defaultModel('lead', { personas, providers: [preferable] })).toBeUndefined();
});
