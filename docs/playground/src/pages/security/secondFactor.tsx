import { useQuery } from '@tanstack/react-query';
import { lazy, type ReactNode, Suspense, useState } from 'react';
import type { SecondFactorSetup, SecondFactor as State } from '../../../../../client/index.ts';
import { When } from '../../components/format.tsx';
import { Loading, QueryState } from '../../components/states.tsx';
import { FormDialog, useChanged, useDialog } from '../../resource/dialogs.tsx';
import { client } from '../../session.ts';
import { Badge, Button, Copyable, CopyButton } from '../../ui/buttons.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/fields.tsx';
import { Form, textOf } from '../../ui/form.tsx';
import { CodeField, CurrentPassword, currentPasswordOf, proofKey } from './currentPassword.tsx';

const QrCode = lazy(() => import('./qrCode.tsx'));

const stateKey = ['second-factor'];
/** What depends on whether it is on: the account may require it. */
const changes = [stateKey, proofKey, ['me']];
const codeOf = (values: FormData) => textOf(values, 'code') || undefined;
const fieldOf = { invalid_credentials: 'current_password', second_factor_invalid: 'code' };

/** Whether signing in needs a code of an authenticator app. */
export function SecondFactor() {
  const state = useQuery({ queryKey: stateKey, queryFn: () => client.secondFactor.get() });
  return <QueryState query={state}>{(now) => (now.enabled_at === null ? <Off /> : <On state={now} at={now.enabled_at} />)}</QueryState>;
}

function Off() {
  const [dialog, open] = useDialog();
  return (
    <>
      <p className="muted">With an authenticator app, somebody who knows your password still cannot sign in.</p>
      <div>
        <Button icon="shield" onClick={() => open((close) => <SetUp onClose={close} />)}>
          Set up an authenticator app
        </Button>
      </div>
      {dialog}
    </>
  );
}

function On({ state, at }: { state: State; at: string }) {
  const [dialog, open] = useDialog();
  const left = state.recovery_codes_left;
  return (
    <>
      <dl className="facts">
        <dt>Authenticator app</dt>
        <dd>
          <Badge tone="good">On</Badge> since <When at={at} />
        </dd>
        <dt>Recovery codes</dt>
        <dd>{left < 4 ? <Badge tone="warning">{`${left} left`}</Badge> : `${left} left`}</dd>
      </dl>
      <div className="actions">
        <Button icon="retry" onClick={() => open((close) => <NewCodes onClose={close} />)}>
          New recovery codes
        </Button>
        <Button kind="ghost" onClick={() => open((close) => <TurnOff onClose={close} />)}>
          Turn off
        </Button>
      </div>
      {dialog}
    </>
  );
}

/** Password, then the QR code with the first code of the app, then the recovery codes. */
function SetUp({ onClose }: { onClose: () => void }) {
  const [setup, setSetup] = useState<SecondFactorSetup>();
  const [codes, setCodes] = useState<readonly string[]>();
  if (codes) return <ShownCodes codes={codes} onClose={onClose} />;
  if (setup) return <Scan setup={setup} onClose={onClose} onConfirmed={setCodes} />;
  return (
    <Dialog title="Set up an authenticator app" intro="First confirm that it is you." onClose={onClose}>
      <Form
        submit="Continue"
        fieldOf={fieldOf}
        onCancel={onClose}
        onSubmit={async (values) => setSetup(await client.secondFactor.setUp({ body: { current_password: currentPasswordOf(values) } }))}
      >
        <CurrentPassword />
      </Form>
    </Dialog>
  );
}

type ScanProps = { setup: SecondFactorSetup; onClose: () => void; onConfirmed: (codes: readonly string[]) => void };

const Scan = ({ setup, onClose, onConfirmed }: ScanProps) => (
  <Dialog title="Scan the QR code" intro="Scan it with your authenticator app, or type the key into the app." onClose={onClose}>
    <Form
      submit="Turn on"
      fieldOf={fieldOf}
      onCancel={onClose}
      onSubmit={async (values) =>
        onConfirmed((await client.secondFactor.confirm({ body: { code: textOf(values, 'code') } })).recovery_codes)
      }
    >
      <Suspense fallback={<Loading />}>
        <QrCode text={setup.otpauth_uri} label="QR code for an authenticator app" />
      </Suspense>
      <Copyable text={setup.secret} label="Copy the key" />
      <TextField
        label="Code"
        name="code"
        inputMode="numeric"
        autoComplete="one-time-code"
        hint="The six digits that the app shows now."
        required
      />
    </Form>
  </Dialog>
);

/**
 * Only the button closes the dialog, so that the codes are not lost by accident. The list is loaded again when the dialog closes: until then the
 * page below keeps showing what opened it.
 */
function ShownCodes({ codes, onClose }: { codes: readonly string[]; onClose: () => void }) {
  const changed = useChanged();
  const close = () => {
    onClose();
    // Everything: the account may have refused it for want of a second factor.
    void changed([]);
  };
  return (
    <Dialog title="Recovery codes" intro="Each code signs you in once if you lose your app. They cannot be shown again.">
      <div className="form">
        <ul className="recovery-codes">
          {codes.map((code) => (
            <li key={code}>
              <code>{code}</code>
            </li>
          ))}
        </ul>
        <div className="actions">
          <CopyButton text={codes.join('\n')} label="Copy all codes" />
          <Download codes={codes}>Download</Download>
          <Button kind="primary" onClick={close}>
            I have stored them
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

const Download = ({ codes, children }: { codes: readonly string[]; children: ReactNode }) => (
  <a
    className="button secondary"
    href={`data:text/plain;charset=utf-8,${encodeURIComponent(`${codes.join('\n')}\n`)}`}
    download="arkloop-recovery-codes.txt"
  >
    {children}
  </a>
);

function NewCodes({ onClose }: { onClose: () => void }) {
  const [codes, setCodes] = useState<readonly string[]>();
  if (codes) return <ShownCodes codes={codes} onClose={onClose} />;
  return (
    <FormDialog
      title="New recovery codes"
      submit="Replace the codes"
      fieldOf={fieldOf}
      changes={[]}
      onClose={onClose}
      onSubmit={async (values) =>
        setCodes((await client.secondFactor.replaceRecoveryCodes({ body: { code: codeOf(values) } })).recovery_codes)
      }
    >
      <p>The earlier codes stop working.</p>
      <CodeField />
    </FormDialog>
  );
}

const TurnOff = ({ onClose }: { onClose: () => void }) => (
  <FormDialog
    title="Turn off two-factor authentication?"
    submit="Turn off"
    kind="danger"
    fieldOf={fieldOf}
    changes={changes}
    done="Two-factor authentication is off"
    onClose={onClose}
    onSubmit={(values) => client.secondFactor.disable({ body: { current_password: currentPasswordOf(values), code: codeOf(values) } })}
  >
    <p>Your password or an emailed code is then enough to sign in.</p>
    <CurrentPassword />
    <CodeField />
  </FormDialog>
);
