import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../../database/columns.ts';
import type { PersonaDefinition } from './definition.ts';

export const Persona = defineEntity({
  name: 'Persona',
  tableName: 'personas',
  properties: {
    accountId: p.uuid().nullable(),
    id: p.uuid().primary(),
    personaKey: p.text(),
    version: p.text(),
    isActive: p.boolean().default(true),
    definition: p.json<PersonaDefinition>(),
    createdAt: timestamptz().defaultRaw('now()'),
    updatedAt: timestamptz().defaultRaw('now()'),
  },
  indexes: [
    {
      name: 'personas_key',
      expression: 'create unique index personas_key on personas (account_id, persona_key, version) nulls not distinct',
    },
    { name: 'personas_list', expression: 'create index personas_list on personas (account_id, created_at desc, id desc)' },
  ],
});
