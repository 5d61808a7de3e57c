import { parseSync } from 'vite';

/** Values that every bundler drops by itself. */
const droppable = new Set(['ArrowFunctionExpression', 'FunctionExpression', 'Identifier', 'Literal']);

/**
 * The same module with the value of each constant in a function that is called once and marked as pure, so that bundlers drop constants that are not
 * imported. A mark before a chain such as `z.object({ … }).meta({ … })` would not cover the calls in its arguments.
 */
export function markConstantsPure(file: string, code: string): string {
  const values = parseSync(file, code).program.body.flatMap((statement) => {
    const declared = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
    if (declared?.type !== 'VariableDeclaration') return [];
    return declared.declarations.flatMap(({ id, init }) => (id.type === 'Identifier' && init && !droppable.has(init.type) ? [init] : []));
  });
  const parts = values.map(({ start, end }, at) => {
    const before = code.slice(values[at - 1]?.end ?? 0, start);
    return `${before}/* @__PURE__ */ (() => (${code.slice(start, end)}))()`;
  });
  return parts.join('') + code.slice(values.at(-1)?.end ?? 0);
}
