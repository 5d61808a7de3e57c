import type { Client } from '../../client/index.ts';
import type { RunEvent } from '../../contract/events.ts';
import type { Recording, Turn } from './recordedModel.ts';

/** What is true after a run. */
export type Outcome = {
  /** The text of the answer. */
  answer: string;
  events: readonly RunEvent[];
  /** Names of the tools that were called with success, in the order of their results. */
  used: readonly string[];
  /** The content of a file of the workspace; empty if there is none. */
  text(path: string): Promise<string>;
  /** Of the user of the run. */
  client: Client;
};

/** Something for an agent to do, and how its outcome is judged: by files, answers and memories, never by the wording. */
export type Task = {
  name: string;
  /** The user's message. */
  prompt: string;
  /** Files of the workspace by path. */
  files?: Readonly<Record<string, string>>;
  /** Facts that the user has told earlier. */
  memories?: readonly string[];
  /** Files of a skill by path, with a `SKILL.md`. */
  skill?: Readonly<Record<string, string>>;
  /** What the user answers if the agent asks. */
  reply?: string;
  /** The turns of the recorded model. */
  turns: readonly Turn[];
  /** Its turns for sub-agents, by their input. */
  subagents?: Recording;
  /** What must be the case, and whether it is. */
  check(outcome: Outcome): Promise<Record<string, boolean>> | Record<string, boolean>;
};

/** Whether a text has all of these words, ignoring case and separators of thousands. */
export const says = (text: string, ...words: readonly string[]): boolean => {
  const plain = text.replace(/(\d)[,\u2009\u202f](?=\d{3})/g, '$1').toLowerCase();
  return words.every((word) => plain.includes(word.toLowerCase()));
};

/** The value of a text with JSON; undefined if it is none. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);
