import { Segments } from '../parts/fields.tsx';
import { Page } from '../parts/page.tsx';
import { chooseTheme, useTheme } from '../theme.ts';

const themes = [
  ['system', 'As the system'],
  ['light', 'Light'],
  ['dark', 'Dark'],
] as const;

/** What the page looks like. */
export default function Appearance() {
  return (
    <Page title="Appearance" intro="Kept in this browser.">
      <div>
        <Segments label="Theme" value={useTheme()} options={themes} onChange={chooseTheme} />
      </div>
    </Page>
  );
}
