import type { Recording } from './recordedModel.ts';
import type { Task } from './task.ts';
import { askUser } from './tasks/askUser.ts';
import { correctMemory } from './tasks/correctMemory.ts';
import { csvTotal } from './tasks/csvTotal.ts';
import { delegate } from './tasks/delegate.ts';
import { editFile } from './tasks/editFile.ts';
import { followSkill } from './tasks/followSkill.ts';
import { plainAnswer } from './tasks/plainAnswer.ts';
import { recallMemory } from './tasks/recallMemory.ts';
import { recoverFromError } from './tasks/recoverFromError.ts';
import { remember } from './tasks/remember.ts';
import { reportWithPicture } from './tasks/reportWithPicture.ts';
import { schedule } from './tasks/schedule.ts';
import { searchFiles } from './tasks/searchFiles.ts';
import { transformJson } from './tasks/transformJson.ts';
import { writeFile } from './tasks/writeFile.ts';

export const tasks: readonly Task[] = [
  plainAnswer,
  writeFile,
  editFile,
  searchFiles,
  recoverFromError,
  csvTotal,
  transformJson,
  reportWithPicture,
  remember,
  recallMemory,
  correctMemory,
  delegate,
  askUser,
  followSkill,
  schedule,
];

/** What the recorded model answers in these tasks. */
export const recordingOf = (some: readonly Task[]): Recording =>
  Object.assign({}, ...some.map(({ prompt, turns, subagents }) => ({ [prompt]: turns, ...subagents })));
