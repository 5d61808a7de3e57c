import { useState } from 'react';
import type { ApiKeyRotation, CreatedApiKey } from '../../../../../client/index.ts';
import { When } from '../../components/format.tsx';
import { FormDialog } from '../../resource/dialogs.tsx';
import { textOf } from '../../ui/form.tsx';
import { Select } from '../../ui/select.tsx';
import { ShownKey } from './keyForm.tsx';

const day = 86_400;

const overlaps = [
  { value: '0', label: 'Not at all' },
  { value: String(day / 24), label: 'One hour' },
  { value: String(day), label: 'One day' },
  { value: String(7 * day), label: '7 days' },
  { value: String(30 * day), label: '30 days' },
];

type Secret = Pick<CreatedApiKey, 'name' | 'key' | 'previous_secret_expires_at'>;
type RotationProps = {
  apiKey: Pick<CreatedApiKey, 'name' | 'previous_secret_expires_at'>;
  rotate: (body: ApiKeyRotation) => Promise<Secret>;
  /** The query of the list of keys. */
  listKey: readonly string[];
  onClose: () => void;
};

/** Replaces the secret of a key. */
export function Rotation({ apiKey, rotate, listKey, onClose }: RotationProps) {
  const [created, show] = useState<Secret>();
  const { previous_secret_expires_at: earlier } = apiKey;
  if (created) {
    const { previous_secret_expires_at: until } = created;
    return (
      <ShownKey created={created} onClose={onClose}>
        <p>
          {until ? (
            <>
              The secret before it works until <When at={until} />.
            </>
          ) : (
            'The secret before it is rejected from now on.'
          )}
        </p>
      </ShownKey>
    );
  }
  return (
    <FormDialog
      title={`Rotate “${apiKey.name}”?`}
      submit="Rotate"
      changes={[listKey]}
      onClose={onClose}
      fieldOf={{ rotation_in_overlap: 'overlap' }}
      onSubmit={async (values) => show(await rotate({ overlap_seconds: Number(textOf(values, 'overlap')) }))}
    >
      <p>The key gets a new secret. Everything else stays as it is.</p>
      {earlier && (
        <p className="notice">
          An earlier secret still works until <When at={earlier} />. Until then, only a rotation that rejects it at once is possible.
        </p>
      )}
      <Select
        label="How long the current secret still works"
        name="overlap"
        options={earlier ? overlaps.slice(0, 1) : overlaps}
        defaultValue={earlier ? '0' : String(day)}
      />
    </FormDialog>
  );
}
