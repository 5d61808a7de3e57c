import { memo, useMemo } from 'react';
import type { RunPart } from '../../../../../client/react/index.ts';
import { Markdown } from './markdown.tsx';
import { CitationContext } from './markdown/citation.tsx';
import { Fallback } from './markdown/fallback.tsx';
import { Activity } from './steps/activity.tsx';
import { AnsweredQuestion } from './steps/answeredQuestion.tsx';
import { Files } from './steps/files.tsx';
import { Sources } from './steps/sources.tsx';
import { sourcesOf, type Step, stepsOf } from './steps/steps.ts';
import { TodoList } from './steps/todoList.tsx';

type StepsProps = {
  parts: readonly RunPart[];
  /** Whether the last part still grows. */
  isWorking: boolean;
};

/** The parts of a run as the user reads them: text, what the agent did in between, its questions, its to-do list, files and sources. */
export function Steps({ parts, isWorking }: StepsProps) {
  const steps = useMemo(() => stepsOf(parts), [parts]);
  const sources = useMemo(() => sourcesOf(parts), [parts]);
  const cited = useMemo(() => new Map(sources.flatMap((source) => source.ids.map((id) => [id, source] as const))), [sources]);
  return (
    <CitationContext value={cited}>
      {steps.map((step, at) => (
        <Fallback key={step.key} fallback={<p className="muted">This part cannot be shown. The events of the run contain it.</p>}>
          <StepView step={step} isGrowing={isWorking && at === steps.length - 1} />
        </Fallback>
      ))}
      {!isWorking && sources.length > 0 && <Sources sources={sources} />}
    </CitationContext>
  );
}

/** The values of a form in words, such as the answer to a tool server, and other input as it is. */
function wordsOf(input: string): string {
  const values = objectOf(input);
  if (!values) return input;
  return (
    Object.entries(values)
      .map(([name, value]) => `${name}: ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
      .join(', ') || 'Accepted'
  );
}

function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Unchanged steps keep their parts, but not their own identity. */
const isSame = (a: { step: Step; isGrowing: boolean }, b: { step: Step; isGrowing: boolean }) =>
  a.isGrowing === b.isGrowing &&
  a.step.type === b.step.type &&
  a.step.parts.length === b.step.parts.length &&
  a.step.parts.every((part, at) => part === b.step.parts[at]);

const StepView = memo(({ step, isGrowing }: { step: Step; isGrowing: boolean }) => {
  switch (step.type) {
    case 'text':
      return <Markdown text={step.parts[0].text} isGrowing={isGrowing} />;
    case 'input':
      return <p className="said">{wordsOf(step.parts[0].text)}</p>;
    case 'question':
      return <AnsweredQuestion call={step.parts[0]} />;
    case 'todos':
      return <TodoList call={step.parts[0]} />;
    case 'activity':
      return (
        <>
          <Activity parts={step.parts} isGrowing={isGrowing} />
          <Files parts={step.parts} />
        </>
      );
  }
}, isSame);
