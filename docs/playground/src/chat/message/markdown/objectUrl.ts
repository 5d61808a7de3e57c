import { useEffect, useState } from 'react';

/** A blob URL of the content, revoked when it is no longer shown. */
export function useObjectUrl(content: BlobPart | undefined, type: string): string | undefined {
  const [address, setAddress] = useState<string>();
  useEffect(() => {
    if (content === undefined) return;
    const made = URL.createObjectURL(new Blob([content], { type }));
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [content, type]);
  return address;
}
