import { Migration } from '@mikro-orm/migrations';

/** Attachments of messages, and credentials for speech recognition. */
export class Migration00010 extends Migration {
  override up(): void {
    this.addSql(attachments);
    this.addSql(asrCredentials);
  }

  override down(): void {
    this.addSql('drop table asr_credentials');
    this.addSql('drop table thread_attachments, attachments');
  }
}

// A row is inserted before its object is stored and deleted after the object, so no object lacks a row. An attachment without a thread is
// garbage, unless it is still waiting for its message.
const attachments = `
create table attachments (
  account_id uuid not null references accounts (id),
  id uuid not null,
  state text not null check (state in ('arriving', 'staged', 'kept')),
  uploader_user_id uuid not null references users (id),
  name text not null,
  mime_type text not null,
  kind text not null check (kind in ('image', 'file')),
  size integer not null,
  sha256 text not null,
  created_at timestamptz(3) not null default now(),
  primary key (account_id, id)
);
create index attachments_waiting on attachments (created_at) where state <> 'kept';

create table thread_attachments (
  account_id uuid not null,
  attachment_id uuid not null,
  thread_id uuid not null,
  primary key (account_id, attachment_id, thread_id),
  foreign key (account_id, attachment_id) references attachments (account_id, id),
  foreign key (account_id, thread_id) references threads (account_id, id) on delete cascade
);
create index thread_attachments_thread on thread_attachments (account_id, thread_id);
`;

const asrCredentials = `
create table asr_credentials (
  id uuid primary key,
  account_id uuid references accounts (id),
  provider text not null check (provider in ('groq', 'openai')),
  name text not null,
  key_prefix text not null,
  api_key_sealed bytea not null,
  base_url text,
  model text not null,
  is_default boolean not null default false,
  created_at timestamptz(3) not null default now()
);
create unique index asr_credentials_name on asr_credentials (account_id, lower(name)) nulls not distinct;
create unique index asr_credentials_default on asr_credentials (account_id) nulls not distinct where is_default;
`;
