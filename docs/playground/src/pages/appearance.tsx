import { Page, Section } from '../components/page.tsx';
import { chooseTheme, useTheme } from '../theme.ts';
import { Segments } from '../ui/fields.tsx';

const themes = [
  ['system', 'System'],
  ['light', 'Light'],
  ['dark', 'Dark'],
] as const;

export default function Appearance() {
  return (
    <Page title="Appearance" intro="Stored in this browser.">
      <Section title="Theme">
        <Segments label="Theme" hideLabel value={useTheme()} options={themes} onChange={chooseTheme} />
        <p className="muted small">“System” follows the setting of your device.</p>
      </Section>
    </Page>
  );
}
