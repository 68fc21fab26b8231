/**
 * A schema's name as it stands in SQL. Throws a `TypeError` for one that would need quotes: a schema is named after its
 * service, and a name goes into the text of statements.
 */
export function schemaName(schema: string): string {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema))
    throw new TypeError(`The schema "${schema}" must be lower-case letters, digits and underscores.`);
  return schema;
}
