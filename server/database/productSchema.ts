/** SQL for the id of the schema that contains the tables: the search path of the role selects it. Null before the first migration. */
export const productSchema = `(select relnamespace from pg_class where oid = to_regclass('users'))`;
