import { Page } from '../components/page.tsx';
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
      <div>
        <Segments label="Theme" value={useTheme()} options={themes} onChange={chooseTheme} />
      </div>
    </Page>
  );
}
