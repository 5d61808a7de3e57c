import { Migration } from '@mikro-orm/migrations';

/** Providers with the Gemini API. */
export class Migration00054 extends Migration {
  override up(): void {
    this.addSql('alter table llm_providers drop constraint llm_providers_provider_check');
    this.addSql(
      "alter table llm_providers add constraint llm_providers_provider_check check (provider in ('openai', 'anthropic', 'gemini'))",
    );
  }

  override down(): void {
    this.addSql('alter table llm_providers drop constraint llm_providers_provider_check');
    this.addSql("alter table llm_providers add constraint llm_providers_provider_check check (provider in ('openai', 'anthropic'))");
  }
}
