import { p, UnderscoreNamingStrategy } from '@mikro-orm/core';

/** How sealed values of a column are found and opened, so that `rotate` can re-seal them. */
type Mark = {
  /** Where the sealed value is in a JSON document, in base64. Absent in a column of bytes. */
  path?: readonly string[];
  /** The columns that `ownerOf` reads. */
  columns: readonly string[];
  /** The owner that a value of the row is sealed for. */
  ownerOf(row: object): string;
};

/** A column with sealed values. */
export type SealedColumn = Mark & { table: string; column: string };

/** A column of sealed bytes. `ownerOf` gets the named columns of the row. */
export const sealed = <Row extends object>(columns: readonly (keyof Row & string)[], ownerOf: (row: Row) => string) =>
  marked(p.blob().$type<Buffer>(), { columns, ownerOf: ownerOf as Mark['ownerOf'] });

/** A column of JSON with a sealed value at `path`, if the document has one. */
export const sealedIn = <Property extends { '~options': object }, Row extends object>(
  property: Property,
  path: readonly string[],
  columns: readonly (keyof Row & string)[],
  ownerOf: (row: Row) => string,
): Property => marked(property, { path, columns, ownerOf: ownerOf as Mark['ownerOf'] });

/** The ORM keeps options that it does not know. */
function marked<Property extends { '~options': object }>(property: Property, mark: Mark): Property {
  Object.assign(property['~options'], { sealed: mark });
  return property;
}

type Entity = { meta: { tableName?: string; properties: object } };

const naming = new UnderscoreNamingStrategy();

/** The marked columns of entities. */
export const sealedColumnsOf = (entities: readonly Entity[]): SealedColumn[] =>
  entities.flatMap(({ meta: { tableName = '', properties } }) =>
    Object.entries(properties as Record<string, { sealed?: Mark }>).flatMap(([name, { sealed: mark }]) =>
      mark ? [{ ...mark, table: tableName, column: naming.propertyToColumnName(name) }] : [],
    ),
  );
