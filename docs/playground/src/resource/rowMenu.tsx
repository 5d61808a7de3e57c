import type { IconName } from '../ui/icons.tsx';
import { RowMenu as Menu, MenuItem } from '../ui/menu.tsx';

/** An action on a row. `false` entries are left out, so that a permission can be written before the action. */
export type RowAction = { label: string; icon: IconName; run: () => void; isDangerous?: boolean } | false | undefined;

/** Turns something off that stays as it is until it is turned on again. */
export const turnAction = (isOn: boolean, run: () => void): RowAction => ({
  label: isOn ? 'Turn off' : 'Turn on',
  icon: isOn ? 'pause' : 'play',
  run,
});

/** The ⋯ menu of a row. `of` names the row. Nothing if there are no actions. */
export function RowMenu({ of, actions }: { of: string; actions: readonly RowAction[] }) {
  const shown = actions.filter((action) => typeof action === 'object');
  return (
    shown.length > 0 && (
      <Menu of={of}>
        {shown.map(({ label, icon, run, isDangerous = false }) => (
          <MenuItem key={label} icon={icon} onSelect={run} danger={isDangerous}>
            {label}
          </MenuItem>
        ))}
      </Menu>
    )
  );
}
