import type { OperationNode } from 'kysely';
import { maxPageRows } from '../../contract/shared/pagination.ts';
import { maxPageBytes } from '../../server/database/paging.ts';
import { returnsRows } from './bounds.ts';

/** What a row may have at most if 200 of them, and the one that says that there is a next page, are to be a page. */
export const maxRowBytes = Math.floor(maxPageBytes / (maxPageRows + 1));

type List = {
  file: string;
  text: string;
  node: OperationNode;
  parameters: readonly string[];
  bound?: string | undefined;
  rowBytes?: number | undefined;
};

/**
 * The lists, which are the statements that return as many rows as their parameter `limit` says, that neither end a page by its bytes nor declare that
 * their rows are small, or what else bounds them. Jobs read batches.
 */
export const unweighedLists = <Each extends List>(statements: readonly Each[]): Each[] =>
  statements.filter(
    (each) =>
      isList(each) && !endsByBytes(each) && each.bound === undefined && (each.rowBytes === undefined || each.rowBytes > maxRowBytes),
  );

const isList = ({ file, text, node, parameters }: List) =>
  returnsRows(node) && !file.startsWith('jobs/') && parameters.some((name, at) => name === 'limit' && text.includes(`limit $${at + 1}`));

const endsByBytes = ({ text }: List) => text.includes('where page_bytes - row_bytes <= ');
