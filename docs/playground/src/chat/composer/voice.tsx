import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { client } from '../../session.ts';
import { IconButton } from '../../ui/buttons.tsx';

/** Microphones exist only on pages with HTTPS, and on localhost. */
const canRecord = () => typeof MediaRecorder !== 'undefined' && navigator.mediaDevices?.getUserMedia !== undefined;

type VoiceProps = {
  disabled: boolean;
  onText: (text: string) => void;
  onError: (error: unknown) => void;
};

/** Records speech and turns it into text. Hidden if the account has no service for that. */
export function VoiceInput({ disabled, onText, onError }: VoiceProps) {
  const credentials = useQuery({
    queryKey: ['asr-credentials'],
    queryFn: () => client.asrCredentials.list(),
    staleTime: 300_000,
    enabled: canRecord(),
  });
  const [state, setState] = useState<'idle' | 'recording' | 'transcribing'>('idle');
  const recorder = useRef<MediaRecorder>(undefined);
  useEffect(() => () => release(recorder.current), []);
  if (!credentials.data?.some(({ is_default }) => is_default)) return null;

  const transcribe = async (pieces: Blob[], type: string) => {
    setState('transcribing');
    try {
      const file = new File(pieces, `speech.${/mp4/.test(type) ? 'mp4' : /ogg/.test(type) ? 'ogg' : 'webm'}`, { type });
      const { text } = await client.asr.transcribe({ body: { file } });
      if (text.trim() === '') onError(new Error('No speech was recognized. Try again, closer to the microphone.'));
      else onText(text.trim());
    } catch (error) {
      onError(error);
    } finally {
      setState('idle');
    }
  };
  const record = async () => {
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      const pieces: Blob[] = [];
      const made = new MediaRecorder(stream);
      recorder.current = made;
      made.ondataavailable = ({ data }) => data.size > 0 && pieces.push(data);
      made.onstop = () => {
        for (const track of stream.getTracks()) track.stop();
        if (recorder.current === made) void transcribe(pieces, made.mimeType);
      };
      made.start();
      setState('recording');
    } catch {
      onError(new Error('The microphone cannot be used. Allow it for this page in the settings of your browser.'));
    }
  };
  return state === 'recording' ? (
    <IconButton className="recording" label="Stop recording and insert the text" icon="stop" onClick={() => recorder.current?.stop()} />
  ) : (
    <IconButton
      label={state === 'idle' ? 'Speak' : 'Turning speech into text…'}
      icon="mic"
      aria-busy={state === 'transcribing'}
      disabled={disabled || state === 'transcribing'}
      onClick={() => void record()}
    />
  );
}

/** Ends a recording whose page was left, without using it. */
function release(recorder: MediaRecorder | undefined) {
  if (recorder?.state !== 'recording') return;
  for (const track of recorder.stream.getTracks()) track.stop();
  recorder.onstop = null;
}
