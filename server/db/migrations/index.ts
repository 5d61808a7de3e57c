import { Migration00001 } from './Migration00001.ts';
import { Migration00002 } from './Migration00002.ts';
import { Migration00003 } from './Migration00003.ts';
import { Migration00004 } from './Migration00004.ts';
import { Migration00005 } from './Migration00005.ts';
import { Migration00006 } from './Migration00006.ts';
import { Migration00007 } from './Migration00007.ts';
import { Migration00008 } from './Migration00008.ts';
import { Migration00009 } from './Migration00009.ts';
import { Migration00010 } from './Migration00010.ts';
import { Migration00011 } from './Migration00011.ts';
import { Migration00012 } from './Migration00012.ts';
import { Migration00013 } from './Migration00013.ts';
import { Migration00014 } from './Migration00014.ts';
import { Migration00015 } from './Migration00015.ts';
import { Migration00016 } from './Migration00016.ts';
import { Migration00017 } from './Migration00017.ts';
import { Migration00019 } from './Migration00019.ts';
import { Migration00020 } from './Migration00020.ts';
import { Migration00021 } from './Migration00021.ts';
import { Migration00022 } from './Migration00022.ts';
import { Migration00026 } from './Migration00026.ts';

/** Every migration in order. A new one gets the next number, and one line here. */
export const migrations = [
  { name: 'Migration00001', class: Migration00001 },
  { name: 'Migration00002', class: Migration00002 },
  { name: 'Migration00003', class: Migration00003 },
  { name: 'Migration00004', class: Migration00004 },
  { name: 'Migration00005', class: Migration00005 },
  { name: 'Migration00006', class: Migration00006 },
  { name: 'Migration00007', class: Migration00007 },
  { name: 'Migration00008', class: Migration00008 },
  { name: 'Migration00009', class: Migration00009 },
  { name: 'Migration00010', class: Migration00010 },
  { name: 'Migration00011', class: Migration00011 },
  { name: 'Migration00012', class: Migration00012 },
  { name: 'Migration00013', class: Migration00013 },
  { name: 'Migration00014', class: Migration00014 },
  { name: 'Migration00015', class: Migration00015 },
  { name: 'Migration00016', class: Migration00016 },
  { name: 'Migration00017', class: Migration00017 },
  { name: 'Migration00019', class: Migration00019 },
  { name: 'Migration00020', class: Migration00020 },
  { name: 'Migration00021', class: Migration00021 },
  { name: 'Migration00022', class: Migration00022 },
  { name: 'Migration00026', class: Migration00026 },
];
