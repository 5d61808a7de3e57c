import { useState } from 'react';
import { saveBlob } from '../chat/message/markdown/download.ts';
import { messageOf } from '../components/states.tsx';
import { Button } from '../ui/buttons.tsx';
import { Menu, MenuItem } from '../ui/menu.tsx';
import { showToast } from '../ui/toasts.tsx';

const formats = { csv: 'CSV', ndjson: 'JSON lines' } as const;
type Format = keyof typeof formats;

type ExportProps = {
  /** Of the file, without its extension. */
  name: string;
  load: (format: Format) => Promise<Blob | undefined>;
};

/** Downloads an export in a format. An error is shown as a toast. */
function useExport({ name, load }: ExportProps) {
  const [isBusy, setBusy] = useState(false);
  async function run(format: Format) {
    setBusy(true);
    try {
      const blob = await load(format);
      if (blob) saveBlob(`${name}.${format}`, blob);
    } catch (error) {
      showToast(messageOf(error), { tone: 'danger' });
    } finally {
      setBusy(false);
    }
  }
  return { isBusy, run };
}

/** A menu button that downloads rows. */
export function ExportMenu(props: ExportProps) {
  const { isBusy, run } = useExport(props);
  return (
    <Menu
      label="Export"
      trigger={
        <Button icon="download" busy={isBusy}>
          Export
        </Button>
      }
    >
      {(Object.keys(formats) as Format[]).map((format) => (
        <MenuItem key={format} onSelect={() => void run(format)}>
          {formats[format]}
        </MenuItem>
      ))}
    </Menu>
  );
}

/** The same as items of another menu. */
export function ExportItems({ what, ...props }: ExportProps & { what: string }) {
  const { run } = useExport(props);
  return (Object.keys(formats) as Format[]).map((format) => (
    <MenuItem key={format} onSelect={() => void run(format)}>
      {what} ({formats[format]})
    </MenuItem>
  ));
}
